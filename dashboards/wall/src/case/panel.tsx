/** The open case: what, how far it is, what happens next by itself, who, and everything an operator can do about it. */
import { isShelved } from '#core/alert.ts';
import type { AlertView } from '#core/live.ts';
import type { CaseInFull } from '#wall/api/case.ts';
import { clockSeconds, countdown, dayMinute, duration } from '#wall/format/time.ts';
import { zhSoon } from '#wall/i18n/soon.zh-CN.ts';
import { kindName, lang, learn, maybeText, outcomeName, t } from '#wall/i18n/text.ts';
import { isUnclaimed } from '#wall/queue/order.ts';
import { flagTexts, lookingText, ownerText, placeText, subjectText, Timer } from '#wall/queue/row.tsx';
import { PriorityMark } from '#wall/shell/shape.tsx';
import { problemText } from '#wall/shell/problem.ts';
import { arrive, claim, escalate, heldByOther, justClaimed, mayEscalate, release, unshelve } from '#wall/state/actions.ts';
import { keptCase, readOnly } from '#wall/state/away.ts';
import { isPinned, togglePin } from '#wall/state/board.ts';
import { asking, caseAlert, caseProblem, closing, focusPart, openCase, setAside } from '#wall/state/case.ts';
import { select } from '#wall/state/selection.ts';
import { mayAct, me } from '#wall/state/session.ts';
import { live, serverNow } from '#wall/state/wall.ts';
import { ClosePanel } from './close.tsx';
import { Device } from './device.tsx';
import { HandDial } from './hand.tsx';
import { NobodyThere } from './nobody-there.tsx';
import { OutageDetails } from './outage.tsx';
import { People } from './people.tsx';
import { Person } from './person.tsx';
import { Script } from './script.tsx';
import { CallbackPanel, ShelvePanel } from './set-aside.tsx';
import { Photos } from './photos.tsx';
import { Messages, Timeline } from './story.tsx';

learn(zhSoon);

export function CasePanel() {
  const alert = caseAlert.value;
  const full = openCase.value;
  if (alert === null) return (
    <section class="case" aria-label={t('case.none')}><p class="empty dim">{caseProblem.value ? (caseProblem.value.status === 404 ? t('case.gone') : problemText(caseProblem.value)) : t('case.loading')}</p></section>
  );
  return (
    <section class={`case p${alert.priority}${isUnclaimed(alert) ? ' unclaimed' : ''}`} aria-label={t('case.number', { id: alert.id })} data-test="case" data-id={alert.id} data-state={alert.state}>
      <CaseHead alert={alert} full={full} />
      <fieldset class="case-body" disabled={readOnly.value}>
        <div class="case-column">
          <HandDial alert={alert} full={full} />
          <HouseReason alert={alert} />
          {alert.kind === 'outage' ? <OutageDetails alert={alert} /> : alert.kind === 'no-responder' ? <NobodyThere alert={alert} /> : <Person alert={alert} />}
          <Photos alert={alert} full={full} />
          <People alert={alert} full={full} />
          {(alert.deviceId !== null || alert.homeId !== null) && mayAct.value && <Device id={alert.deviceId} homeId={alert.homeId} personId={alert.personId} />}
        </div>
        <div class="case-column">
          <Script alert={alert} full={full} />
          <Timeline alert={alert} full={full} />
          <Messages full={full} />
        </div>
      </fieldset>
      {readOnly.value && <p class="kept" role="status" data-test="kept-case">{full ? t('away.case', { time: clockSeconds(keptCase(alert.id)?.at ?? serverNow.value) }) : t('away.none')}</p>}
      {mayAct.value && !readOnly.value && alert.state !== 'closed' && (closing.value ? <ClosePanel alert={alert} /> : asking.value === 'shelve' ? <ShelvePanel alert={alert} /> : asking.value === 'callback' ? <CallbackPanel alert={alert} /> : <ActionBar alert={alert} />)}
    </section>
  );
}

/** What the house found wrong about itself, and what to do: 值班号码退订了短信. */
function HouseReason({ alert }: { alert: AlertView }) {
  const reasons = alert.kind === 'audit' && typeof alert.summary['reason'] === 'string' ? alert.summary['reason'].split(' ') : [];
  if (reasons.length === 0) return null;
  return <section class="part" data-test="house-reason">{reasons.map((r) => <p key={r}><b>{maybeText(`audit.${r}`) ?? r}</b> {maybeText(`audit.${r}.do`)}</p>)}</section>;
}

function CaseHead({ alert, full }: { alert: AlertView; full: CaseInFull | null }) {
  const late = alert.occurredAt !== null && alert.openedAt - alert.occurredAt > 60_000;
  return (
    <header class="case-head">
      <div class="case-title">
        <PriorityMark priority={alert.priority} hollow={!isUnclaimed(alert)} />
        <h2>{kindName(alert.kind)}{alert.count > 1 && <span class="times digits" title={t('queue.repeat', { n: alert.count })}>×{alert.count}</span>} <span class="case-who">{subjectText(alert)}</span></h2>
        <Timer since={alert.openedAt} waiting={isUnclaimed(alert) && alert.priority <= 2} until={alert.closedAt} />
        <button type="button" class="tool" aria-label={t('act.back')} onClick={() => select(null)}>✕</button>
      </div>
      <p class="case-where">{placeText(alert)}<span class="dim digits"> · {t('case.number', { id: alert.id })}{alert.deviceId ? ` · ${alert.deviceId}` : ''}</span></p>
      {(late || flagTexts(alert).length > 0 || alert.planRound > 0) && <p class="case-flags">
        {alert.planRound > 0 && <i class="flag grave">{t('case.round', { n: alert.planRound + 1 })}</i>}
        {flagTexts(alert).map(({ flag, text }) => <i key={flag} class={`flag${['nobody-answered', 'need-help', 'no-arrival', 'claim-lapsed'].includes(flag) ? ' grave' : ''}`}>{text}</i>)}
        {late && alert.occurredAt !== null && <i class="flag">{t('case.late', { time: dayMinute(alert.occurredAt), age: duration(alert.openedAt - alert.occurredAt, lang.value) })}</i>}
      </p>}
      <Progress alert={alert} />
      <NextStep alert={alert} full={full} />
    </header>
  );
}

/** 报警 → 接警 → 已叫应 → 已到达 → 办结, each with its time. */
function Progress({ alert }: { alert: AlertView }) {
  const steps = [
    { name: t('case.opened'), at: alert.openedAt }, { name: t('act.claim'), at: alert.claimedAt }, { name: t('state.committed'), at: alert.committedAt },
    { name: t('state.arrived'), at: alert.arrivedAt }, { name: alert.outcome ? outcomeName(alert.outcome) : t('act.close'), at: alert.closedAt },
  ];
  return (
    <ol class="progress">
      {steps.map(({ name, at }) => <li key={name} class={at === null ? '' : 'reached'}><b>{name}</b><span class="digits">{at === null ? '–' : clockSeconds(at)}</span></li>)}
    </ol>
  );
}

/** What happens by itself if nobody does anything: never nothing while a P1 is open. */
function NextStep({ alert, full }: { alert: AlertView; full: CaseInFull | null }) {
  const lookers = live.value.looking.get(alert.id) ?? [];
  const dues = full && full.version === alert.version && full.due.length > 0 ? full.due : alert.nextDueAt === null ? [] : [{ slot: alert.nextDueSlot ?? 'plan', dueAt: alert.nextDueAt }];
  return (
    <p class="next" data-test="next">
      <span class="owner">{ownerText(alert)}{alert.flags.includes('claim-lapsed') && alert.claimedByName ? ` · ${alert.claimedByName} ${t('flag.claim-lapsed')}` : ''}</span>
      {lookers.length > 0 && <span class="looking" data-test="looking">{lookingText(lookers)}</span>}
      {dues.slice(0, 2).map(({ slot, dueAt }) => {
        const left = dueAt - serverNow.value;
        return <span key={slot} class="next-step">{maybeText(`slot.${slot}`) ?? slot} <b class="digits">{left <= 0 ? t('case.nextNow') : countdown(left)}</b></span>;
      })}
    </p>
  );
}

function ActionBar({ alert }: { alert: AlertView }) {
  const mine = alert.claimedBy === me.value?.id && alert.state !== 'open';
  const other = heldByOther(alert);
  return (
    <div class="actions" data-test="actions">
      {isUnclaimed(alert) && !other && <Act keycap="A" text={t('act.claim')} strong test="case-claim" run={() => void claim(alert)} />}
      {other && <Act keycap="T" text={t('act.takeOver')} test="take-over" disabled={justClaimed(alert)} run={() => void claim(alert)} />}
      <Act keycap="D" text={t('act.dispatch')} strong={mine && alert.state === 'claimed'} run={() => focusPart('responders')} />
      {mayEscalate(alert) && <Act keycap="E" text={t('act.escalate')} test="escalate" run={() => void escalate(alert)} />}
      <Act keycap="N" text={t('act.note')} run={() => focusPart('note')} />
      {alert.state === 'committed' && <Act text={t('act.arrive')} run={() => void arrive(alert, null)} />}
      {mine && alert.claimedBy !== null && <Act text={t('act.release')} run={() => void release(alert)} />}
      {isShelved(alert) ? <Act text={t('act.unshelve')} test="unshelve" run={() => void unshelve(alert)} />
        : alert.priority > 1 && (isUnclaimed(alert) || mine) && alert.state !== 'committed' && alert.state !== 'arrived' && <Act keycap="S" text={t('act.shelve')} test="shelve" run={() => setAside('shelve')} />}
      <Act keycap="B" text={t('act.callback')} test="callback" run={() => setAside('callback')} />
      <Act keycap="K" text={t(isPinned(alert.id) ? 'act.unpin' : 'act.pin')} test="pin" run={() => void togglePin(alert.id)} />
      <span class="grow" />
      <Act keycap="X" text={t('act.close')} test="close" strong={alert.state === 'arrived'} run={() => focusPart('close')} />
    </div>
  );
}

function Act({ keycap, text, run, strong = false, disabled = false, test }: { keycap?: string; text: string; run(): void; strong?: boolean; disabled?: boolean; test?: string }) {
  return <button type="button" class={strong ? 'act strong' : 'act'} data-test={test} disabled={disabled} onClick={run}>{text}{keycap && <kbd>{keycap}</kbd>}</button>;
}
