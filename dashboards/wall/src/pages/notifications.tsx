/** 通知: every message, failed and unknown ones of the last day first; what went wrong in words, the whole text only by an audited look. */
import { useSignal } from '@preact/signals';
import type { EventKind } from '#core/event.ts';
import { may } from '#core/user.ts';
import { post } from '#wall/api/client.ts';
import { clockSeconds, dayMinute } from '#wall/format/time.ts';
import { kindName, maybeText, t } from '#wall/i18n/text.ts';
import { roleText } from '#wall/case/people.tsx';
import { can } from '#wall/state/session.ts';
import { sayProblem } from '#wall/state/toast.ts';
import { Budget } from './budget.tsx';
import { LooseReplies } from './loose-replies.tsx';
import { Page, Waiting } from './page.tsx';
import { Choice, FactLine, Facts, filter, setFilter, usePaged, withQuery } from './paging.tsx';

export type Notification = {
  id: string; outId: string; alertId: string | null; alertKind: EventKind | null; town: string | null; village: string | null; party: string; role: string | null; name: string | null; to: string; channel: 'sms' | 'voice'; template: string;
  purpose: 'search' | 'desk' | 'notice'; round: number | null; step: number | null; slip: number | null; state: string; attempts: number; checks: number; errorCode: string | null; errorClass: string | null;
  provider: string | null; providerId: string | null; createdAt: number; sentAt: number | null; acceptedAt: number | null; doneAt: number | null; withdrawnAt: number | null; demo: boolean;
};
const states = ['due', 'sending', 'accepted', 'delivered', 'answered', 'failed', 'unknown', 'withdrawn'] as const;
const columns = 6;

export function Notifications() {
  const phone = useSignal(''); // a number is personal: it stays out of the address
  const path = withQuery('/api/v1/notifications', { state: filter('state'), channel: filter('channel'), day: filter('day'), alert: filter('alert'), phone: phone.value.trim().length >= 5 ? phone.value.trim() : '' });
  const list = usePaged<Notification>(path, 'notifications');
  return (
    <Page title={t('note.title')} help={t('note.help')} onRefresh={list.again} test="notifications">
      <Budget />
      <LooseReplies />
      <div class="filters">
        <Choice name="state" label={t('note.state')} options={states.map((s) => [s, maybeText(`out.${s}`) ?? s])} />
        <Choice name="channel" label={t('note.channel')} options={(['sms', 'voice'] as const).map((c) => [c, t(`channel.${c}`)])} />
        <label>{t('note.day')}<input type="date" value={filter('day')} data-filter="day" onChange={(event) => setFilter('day', event.currentTarget.value)} /></label>
        <label>{t('note.alert')}<input inputMode="numeric" maxLength={18} value={filter('alert')} data-filter="alert" onChange={(event) => setFilter('alert', event.currentTarget.value.replace(/\D/g, ''))} /></label>
        <label>{t('note.phone')}<input inputMode="tel" maxLength={24} autocomplete="off" data-filter="phone" value={phone.value} onChange={(event) => { phone.value = event.currentTarget.value; }} /></label>
      </div>
      {list.rows === null ? <Waiting problem={list.problem} /> : list.rows.length === 0 ? <p class="empty">{path.includes('?') ? t('set.none') : t('note.empty')}</p> : (
        <div class="card scroll">
          <table class="table">
            <thead><tr><th>{t('note.at')}</th><th>{t('note.who')}</th><th>{t('note.what')}</th><th>{t('note.why')}</th><th>{t('note.result')}</th><th /></tr></thead>
            <tbody>{list.rows.map((row) => <Row key={row.id} row={row} />)}</tbody>
          </table>
          {list.more && <button type="button" class="plain" data-test="more" onClick={list.more}>{t('act.next')}</button>}
        </div>
      )}
    </Page>
  );
}

function Row({ row }: { row: Notification }) {
  const open = useSignal(false);
  return (
    <>
      <tr data-id={row.id} data-state={row.state}>
        <td class="digits"><time>{dayMinute(row.createdAt)}</time></td>
        <td><WhoText row={row} /></td>
        <td>{t(`channel.${row.channel}`)} · {maybeText(`tpl.${row.template}`) ?? row.template}{row.demo && <i class="flag">{t('note.demo')}</i>}</td>
        <td><Why row={row} /></td>
        <td><StateText row={row} /></td>
        <td><button type="button" class="small-button" aria-expanded={open.value} onClick={() => { open.value = !open.value; }}>{open.value ? t('act.less') : t('act.look')}</button></td>
      </tr>
      {open.value && <tr><td colSpan={columns}><Detail row={row} /></td></tr>}
    </>
  );
}

function WhoText({ row }: { row: Notification }) {
  const who = [row.role && roleText(row.role), row.name].filter(Boolean).join(' ');
  return <>{who || <span class="dim">{t('note.nobody')}</span>} <span class="digits dim">{row.to}</span></>;
}

function Why({ row }: { row: Notification }) {
  const what = row.party.startsWith('test:') || row.template === 'ring' || row.template === 'voice-ring' ? t('note.testSend')
    : row.purpose === 'search' && row.round !== null && row.step !== null ? t('note.search', { round: row.round + 1, step: row.step + 1 }) : row.purpose === 'search' ? t('note.searchOnly') : t(`note.${row.purpose}`);
  return (
    <span class="said">
      {row.alertId !== null && <span><a href={`#/notifications?alert=${row.alertId}`}>{t('note.alertNo', { id: row.alertId })}</a> {row.alertKind && kindName(row.alertKind)} <span class="dim">{[row.town, row.village].filter(Boolean).join(' ')}</span></span>}
      <span class="dim small">{[what, row.slip !== null && t('note.slip', { no: row.slip })].filter(Boolean).join(' · ')}</span>
    </span>
  );
}

const troubled: ReadonlySet<string> = new Set(['failed', 'unknown']);
/** A code in words: the code's own, else what its class means. */
export function errorText(code: string, errorClass: string | null): string {
  return maybeText(`sendError.${code.replace(/[^\w.-]/g, '-')}`) ?? (errorClass === null ? code : maybeText(`errClass.${errorClass}`) ?? code);
}

export function StateText({ row }: { row: Notification }) {
  return (
    <span class="said">
      <b class={troubled.has(row.state) ? 'trouble' : undefined} data-test="state">{maybeText(`out.${row.state}`) ?? row.state}</b>
      {row.errorCode !== null && <span>{errorText(row.errorCode, row.errorClass)}</span>}
      {row.attempts > 1 && <span class="dim small">{t('note.tries', { n: row.attempts })}</span>}
    </span>
  );
}

function Detail({ row }: { row: Notification }) {
  const plain = useSignal<{ name: string | null; to: string; text: string } | null>(null);
  const reveal = async (): Promise<void> => {
    if (plain.value) { plain.value = null; return; }
    const answer = await post<{ name: string | null; to: string; text: string }>(`/api/v1/notifications/${row.id}/reveal`);
    if (answer.ok) plain.value = answer.value; else sayProblem(answer.problem);
  };
  const times = [['note.created', row.createdAt], ['note.sent', row.sentAt], ['note.accepted', row.acceptedAt], ['note.doneAt', row.doneAt], ['note.withdrawn', row.withdrawnAt]] as const;
  return (
    <div class="detail" data-test="note-detail">
      <Facts>
        {times.map(([label, at]) => at !== null && <FactLine key={label} name={t(label)}><time class="digits">{dayMinute(at).slice(0, 6)}{clockSeconds(at)}</time></FactLine>)}
        {row.provider !== null && <FactLine name={t('note.provider')}>{row.provider}{row.providerId && <code> {row.providerId}</code>}</FactLine>}
        {row.errorCode !== null && <FactLine name={t('note.result')}>{errorText(row.errorCode, row.errorClass)} <span class="dim">{row.errorClass !== null && maybeText(`errClass.${row.errorClass}`)} · {t('note.code', { code: row.errorCode })}</span></FactLine>}
        {row.checks > 0 && <FactLine name={t('note.result')}>{t('note.asked', { n: row.checks })}</FactLine>}
        {plain.value && <FactLine name={t('note.who')}><span data-test="plain">{[plain.value.name, plain.value.to].filter(Boolean).join(' ')}</span></FactLine>}
        {plain.value && <FactLine name={t('note.words')}><span data-test="words">{plain.value.text}</span></FactLine>}
      </Facts>
      {can(may.act) && <p><button type="button" class="small-button" data-test="reveal-note" onClick={() => void reveal()}>{plain.value ? t('act.hide') : t('act.reveal')}</button> <span class="dim small">{t('note.revealNote')}</span></p>}
    </div>
  );
}
