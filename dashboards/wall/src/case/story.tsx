/** What has happened, newest first, with milliseconds; what was sent and what became of it; and a line to add. */
import { useSignal } from '@preact/signals';
import { useRef } from 'preact/hooks';
import type { Outcome } from '#core/alert.ts';
import type { AlertView } from '#core/live.ts';
import type { Candidate, CaseInFull, ElderCommand, Message, TimelineEntry } from '#wall/api/case.ts';
import { clockMs, clockSeconds, duration } from '#wall/format/time.ts';
import { lang, maybeText, outcomeName, t } from '#wall/i18n/text.ts';
import { bind, note } from '#wall/state/actions.ts';
import { mayAct } from '#wall/state/session.ts';
import { roleText } from './people.tsx';

type Send = { party: string; channel: string; cutOff?: boolean; strange?: boolean; lastWay?: boolean };
type Skipped = { target?: string; party?: string; reason?: string };
/** Party -> role and masked name, from everything the case knows. */
type Names = (party: string) => string;

function namesOf(full: CaseInFull): Names {
  const names = new Map([...full.candidates, ...full.engagements].map((who) => [who.party, `${roleText(who.role ?? 'other')} ${who.name ?? ''}`.trim()]));
  return (party) => names.get(party) ?? party;
}

function NoteBox({ alert }: { alert: AlertView }) {
  const text = useSignal('');
  const box = useRef<HTMLInputElement>(null);
  const submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const value = text.value.trim();
    if (value !== '' && await note(alert, value)) { text.value = ''; box.current?.blur(); }
  };
  return (
    <form class="note-box" data-part="note" onSubmit={(event) => void submit(event)}>
      <input ref={box} aria-label={t('case.noteText')} placeholder={`${t('case.noteText')} · ${t('case.noteHint')}`} maxLength={2000} value={text.value} onInput={(event) => { text.value = event.currentTarget.value; }} />
      <button type="submit" class="small-button" disabled={text.value.trim() === ''}>{t('act.note')}</button>
    </form>
  );
}

export function Timeline({ alert, full }: { alert: AlertView; full: CaseInFull | null }) {
  const names = full ? namesOf(full) : null;
  return (
    <section class="part story" aria-label={t('case.timeline')}>
      <h3>{t('case.timeline')}</h3>
      {mayAct.value && <NoteBox alert={alert} />}
      {full && names ? (
        <ol class="timeline" data-test="timeline">{story(full).map((line) => ('action' in line ? <Entry key={line.id} entry={line} names={names} bindTo={mayAct.value && line.action === 'stranger-reply' ? { alert, people: full.candidates } : null} /> : <ElderEntry key={`c${line.id}`} command={line} />))}</ol>
      ) : <p class="dim">{t('common.loading')}</p>}
      {full?.timeline.length === 0 && <p class="dim">{t('case.noTimeline')}</p>}
    </section>
  );
}

/** What people and the house did, and what the elder was told of it, newest first. */
const story = (full: CaseInFull): (TimelineEntry | ElderCommand)[] =>
  [...full.timeline, ...full.commands].sort((a, b) => ('action' in b ? b.at : b.createdAt) - ('action' in a ? a.at : a.createdAt) || Number('action' in a) - Number('action' in b));

/** A word to the elder: one line that says how far it has come. */
function ElderEntry({ command: c }: { command: ElderCommand }) {
  const tookMs = (c.doneAt ?? c.acknowledgedAt ?? c.createdAt) - c.createdAt;
  const failed = c.state === 'expired' || c.state === 'failed';
  return (
    <li class={`entry elder ${c.state}`} data-action="elder" data-say={c.say} data-state={c.state}>
      <time class="digits">{clockMs(c.createdAt)}</time>
      <span class="entry-text">
        <b>{t('elder.told')}</b> {c.text ?? maybeText(`elder.light.${c.say}`) ?? c.name}
        <span class="entry-who">→ {c.room ?? c.deviceId}</span>
        <span class={failed ? 'elder-state warn' : 'elder-state'}>{maybeText(`elder.${c.name === 'led' && c.state === 'replied' ? 'lit' : c.state}`) ?? c.state}{c.state === 'replied' && tookMs < 60_000 && <span class="digits dim"> {(tookMs / 1000).toFixed(1)}s</span>}</span>
      </span>
    </li>
  );
}

/** A stranger's answer: one choice, and his number speaks for somebody who is known. */
function Bind({ alert, reply, people }: { alert: AlertView; reply: string; people: readonly Candidate[] }) {
  return (
    <select class="bind" aria-label={t('act.bind')} data-test="bind" value="" onChange={(event) => { if (event.currentTarget.value) void bind(alert, reply, event.currentTarget.value); }}>
      <option value="">{t('act.bind')}</option>{people.map((p) => <option key={p.party} value={p.party}>{roleText(p.role)} {p.name}</option>)}
    </select>
  );
}

function Entry({ entry, names, bindTo }: { entry: TimelineEntry; names: Names; bindTo: { alert: AlertView; people: readonly Candidate[] } | null }) {
  const sends = listOf(entry.detail['sends']).filter((s): s is Send => typeof (s as Send | null)?.party === 'string');
  const skipped = listOf(entry.detail['skipped']);
  const who = entry.actorType === 'system' ? null : entry.actorName ?? names(entry.actorId);
  const party = typeof entry.detail['party'] === 'string' ? entry.detail['party'] : null;
  return (
    <li class={`entry ${entry.actorType}`} data-action={entry.action}>
      <time class="digits">{clockMs(entry.at)}</time>
      <span class="entry-text">
        <b>{entryText(entry)}</b>{who && <span class="entry-who">{who}</span>}{party !== null && party !== entry.actorId && <span class="entry-who">→ {names(party)}</span>}
        {entry.note && <span class="entry-note">{entry.note}</span>}
        {bindTo && typeof entry.detail['reply'] === 'string' && <Bind alert={bindTo.alert} reply={entry.detail['reply']} people={bindTo.people} />}
        {typeof entry.detail['keptMs'] === 'number' && <span class="entry-more" data-test="kept">{t('log.kept', { time: duration(entry.detail['keptMs'], lang.value) })}</span>}
        {entry.detail['blind'] === true && <span class="entry-more">{t('log.blind')}</span>}
        {sends.length > 0 && <span class="entry-more">{sends.map((s) => `${maybeText(`channel.${s.channel}`) ?? s.channel} ${names(s.party)}${s.cutOff ? t('log.cutOff') : ''}${s.strange ? ` (${t('mark.strange')})` : ''}${s.lastWay ? t('log.lastWay') : ''}`).join(' · ')}</span>}
        {typeof entry.detail['error'] === 'string' && <code class="entry-more">{entry.detail['error']}</code>}
        {skipped.length > 0 && <span class="entry-more dim">{t('log.skipped', { n: skipped.map((line) => skippedText(line, names)).join(' · ') })}</span>}
      </span>
    </li>
  );
}

const listOf = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);

/** Who was left out and why: `{target, party?, reason}` of a plan's step, or `contact:c1 absent` of the desk's ladder. */
function skippedText(line: unknown, names: Names): string {
  const [who, why] = typeof line === 'string' ? [line.split(' ')[0], line.split(' ')[1]] : [(line as Skipped | null)?.party ?? (line as Skipped | null)?.target, (line as Skipped | null)?.reason];
  const name = who === undefined ? '' : who.includes(':') ? names(who) : roleText(who);
  return `${name} ${why === undefined ? '' : maybeText(`skip.${why}`) ?? why}`.trim();
}

function entryText(entry: TimelineEntry): string {
  const { action, detail } = entry;
  const template = maybeText(`log.${action}`);
  if (template === null) return action;
  const values: Record<string, string> = {
    n: String(Number(detail['step'] ?? 0) + 1), outcome: typeof detail['outcome'] === 'string' ? outcomeName(detail['outcome'] as Outcome) : '',
    who: action === 'assigned' ? String(detail['toName'] ?? '') : action === 'contact' ? maybeText(`log.contact.${String(detail['contact'])}`) ?? '' : maybeText(`role.${String(detail['rung']).replace('other-seat', 'seat')}`) ?? '',
  };
  const text = template.replace(/\{(\w+)\}/g, (_, name: string) => values[name] ?? '');
  const round = Number(detail['round'] ?? 0);
  return round > 0 ? `${text} · ${t('case.round', { n: round + 1 })}` : text;
}

export function Messages({ full }: { full: CaseInFull | null }) {
  const names = full ? namesOf(full) : null;
  const messages = full?.messages ?? [];
  return (
    <section class="part" aria-label={t('case.messages')}>
      <h3>{t('case.messages')} <span class="dim digits">{messages.length || ''}</span></h3>
      {messages.length === 0 && <p class="dim">{full ? t('case.noMessages') : t('common.loading')}</p>}
      <ul class="messages">{names && [...messages].reverse().map((m) => <MessageRow key={m.id} message={m} name={names(m.party)} />)}</ul>
    </section>
  );
}

function MessageRow({ message: m, name }: { message: Message; name: string }) {
  return (
    <li class={`message ${m.state}`}>
      <time class="digits dim">{clockSeconds(m.doneAt ?? m.acceptedAt ?? m.dueAt)}</time>
      <span>{maybeText(`channel.${m.channel}`) ?? m.channel}</span>
      <span class="message-who">{name} <span class="digits dim">{m.to}</span></span>
      <span class="message-state">{maybeText(`out.${m.state}`) ?? m.state}</span>
      {m.errorCode && <code class="message-error">{m.errorCode}</code>}
    </li>
  );
}
