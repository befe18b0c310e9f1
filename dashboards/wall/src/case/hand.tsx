/** 人工拨打: the numbers to dial by hand, masked until asked for (audited), each marked with what became of it in the case's log; on paper too. */
import type { AlertView } from '#core/live.ts';
import type { CaseInFull } from '#wall/api/case.ts';
import { clockSeconds } from '#wall/format/time.ts';
import { spaced } from '#wall/format/phone.ts';
import { maybeText, t } from '#wall/i18n/text.ts';
import { placeText, subjectText } from '#wall/queue/row.tsx';
import { accept, calledParty, decline } from '#wall/state/actions.ts';
import { hide, reveal, revealed, revealing } from '#wall/state/case.ts';
import { mayAct } from '#wall/state/session.ts';
import { serverNow } from '#wall/state/wall.ts';
import { CallKeys } from './call-keys.tsx';
import { handList, type HandRow } from './hand.ts';
import { roleText } from './people.tsx';

export function HandDial({ alert, full }: { alert: AlertView; full: CaseInFull | null }) {
  const list = mayAct.value ? handList(alert, full, revealed.value?.candidates ?? full?.candidates ?? [], serverNow.value) : null;
  if (list === null) return null;
  const print = async (): Promise<void> => {
    if (revealed.value === null) await reveal();
    document.body.classList.add('print-hand'); // only the list goes on paper
    requestAnimationFrame(() => { window.print(); document.body.classList.remove('print-hand'); });
  };
  return (
    <section class="part hand-list" aria-label={t('hand.title')} data-test="hand" data-why={list.why}>
      <h3>{t('hand.title')} <span class="warn">▲ {t(`hand.${list.why}`)}</span></h3>
      <p class="print-only">{subjectText(alert)} · {placeText(alert)} · {t('case.number', { id: alert.id })}</p>
      <p class="buttons">
        <button type="button" class="small-button" data-test="hand-reveal" disabled={revealing.value} onClick={() => { if (revealed.value) hide(); else void reveal(); }}>{revealed.value ? t('act.hide') : t('act.reveal')}</button>
        <button type="button" class="small-button" data-test="hand-print" onClick={() => void print()}>{t('act.print')}</button>
      </p>
      {list.rows.length === 0 ? <p class="trouble">{t('hand.none')}</p> : <ol class="people">{list.rows.map((row) => <Row key={row.who.party} row={row} alert={alert} />)}</ol>}
    </section>
  );
}

function Row({ row: { who, tried, noted }, alert }: { row: HandRow; alert: AlertView }) {
  const plain = revealed.value !== null;
  return (
    <li class="who-row hand-row" data-hand={who.party} data-noted={noted !== null}>
      <div class="who-line">
        <span class="who-role">{roleText(who.role)}{who.keyHolder && <i class="flag">{t('case.keyHolder')}</i>}</span><span class="who-name">{who.name}</span>{who.withdrawn && <i class="flag grave" title={t('case.withdrawnDial')} data-test="withdrawn">{t('skip.consent-withdrawn')}</i>}
        <span class={plain ? 'dial-number digits' : 'who-phone digits dim'}>{spaced(who.phone)}</span>
        {noted !== null && <b data-test="noted">{noted.text} <span class="digits dim">{clockSeconds(noted.at)}</span></b>}
      </div>
      <span class="dim small">{tried.map((m) => `${maybeText(`channel.${m.channel}`) ?? m.channel} ${maybeText(`out.${m.state}`) ?? m.state}`).join(' · ') || t('hand.untried')}</span>
      {plain && <div class="call-keys-line">
        <CallKeys part={`hand-${who.party}`} onResult={(result) => void calledParty(alert, who.party, result)} />
        <button type="button" class="call-key reached" data-test="hand-accept" onClick={() => void accept(alert, who.party, who.name)}>{t('act.accept')}</button>
        <button type="button" class="call-key" onClick={() => void decline(alert, who.party, who.name)}>{t('act.decline')}</button>
      </div>}
    </li>
  );
}
