/** One alert in the queue: what, who, where, how long, whose. Glanceable from two metres. */
import { isShelved } from '#core/alert.ts';
import type { AlertView } from '#core/live.ts';
import { duration } from '#wall/format/time.ts';
import { kindName, lang, maybeText, t } from '#wall/i18n/text.ts';
import { readOnly } from '#wall/state/away.ts';
import { claim } from '#wall/state/actions.ts';
import { mayAct, me } from '#wall/state/session.ts';
import { mistakeMs, movedAt, select, selected } from '#wall/state/selection.ts';
import { live, serverNow } from '#wall/state/wall.ts';
import { PriorityMark } from '#wall/shell/shape.tsx';
import { isUnclaimed, slaStep, waits } from './order.ts';

/** Town and village, then the short place, as far as this role sees them. */
export function placeText(alert: Pick<AlertView, 'place' | 'town' | 'village'>): string {
  let place = alert.place ?? '';
  for (const name of [alert.town, alert.village]) if (name !== null && place.startsWith(name)) place = place.slice(name.length); // the SMS place often begins with both
  return [[alert.town, alert.village].filter(Boolean).join(' '), place].filter(Boolean).join(' · ');
}
export const subjectText = (alert: AlertView): string => alert.subject.name ?? (alert.subject.type === 'device' || alert.subject.type === 'number' || alert.subject.type === 'vendor' ? alert.subject.id : t('queue.unknownSubject'));
/** Words of the flags a desk should see. */
export const flagTexts = (alert: AlertView): { flag: string; text: string }[] => alert.flags.flatMap((flag) => { const text = maybeText(`flag.${flag}`); return text === null ? [] : [{ flag, text }]; });

/** The owner, or the state in words. */
export function ownerText(alert: AlertView): string {
  if (isShelved(alert)) return alert.nextDueSlot === 'shelf' && alert.nextDueAt !== null ? t('shelf.back', { time: duration(Math.max(0, alert.nextDueAt - serverNow.value), lang.value) }) : t('queue.shelved');
  if (isUnclaimed(alert)) return t(`state.${alert.state}`);
  const who = alert.claimedBy !== null && alert.claimedBy === me.value?.id ? t('case.mine') : alert.claimedByName;
  return who ? `${t(`state.${alert.state}`)} ${who}` : t(`state.${alert.state}`);
}

const taken = (run: () => void) => (): void => { if (performance.now() - movedAt.value > mistakeMs) run(); };

export function Row({ id, alert }: { id: string; alert: AlertView | null }) {
  const chosen = selected.value === id;
  if (alert === null) return <li class="row ended"><span class="row-main dim">{t('queue.ended')}</span></li>;
  const unclaimed = waits(alert);
  return (
    <li class={`row p${alert.priority}${unclaimed ? ' unclaimed' : ''}${chosen ? ' chosen' : ''}`} data-id={id} data-state={alert.state} data-p={alert.priority} data-test="row">
      <button type="button" class="row-main" aria-current={chosen} onClick={taken(() => select(id))}>
        <PriorityMark priority={alert.priority} hollow={!unclaimed} />
        <Lookers id={id} />
        <span class="row-what"><b>{kindName(alert.kind)}</b>{alert.count > 1 && <span class="times digits" title={t('queue.repeat', { n: alert.count })}>×{alert.count}</span>} <span class="row-who">{subjectText(alert)}</span></span>
        <span class="row-where" title={placeText(alert)}>{placeText(alert)}</span>
        <RowFlags alert={alert} />
      </button>
      <span class="row-side">
        <Timer since={alert.openedAt} waiting={unclaimed && alert.priority <= 2} />
        {unclaimed && mayAct.value && !readOnly.value && alert.state !== 'confirming'
          ? <button type="button" class={alert.priority <= 2 ? 'claim' : 'claim calm'} data-test="claim" onClick={taken(() => { select(id); void claim(alert); })}>{t('act.claim')}</button>
          : <span class="row-owner">{ownerText(alert)}</span>}
      </span>
    </li>
  );
}

/** 正在查看: a first character under the mark, where nothing else stands; the row keeps its height and its words. */
function Lookers({ id }: { id: string }) {
  const who = live.value.looking.get(id);
  if (!who?.[0]) return null;
  return <span class="looker" data-test="looker" role="img" aria-label={lookingText(who)} title={lookingText(who)}>{[...who[0]][0]}</span>;
}
export const lookingText = (who: readonly string[]): string => t('looking.who', { who: who.join(lang.value === 'zh' ? '、' : ', ') });

function RowFlags({ alert }: { alert: AlertView }) {
  const flags = flagTexts(alert);
  const round = alert.planRound > 0 && alert.state === 'open';
  if (flags.length === 0 && !round) return null;
  return <span class="row-flags">{round && <i class="flag grave">{t('case.round', { n: alert.planRound + 1 })}</i>}{flags.map(({ flag, text }) => <i key={flag} class={`flag${flag === 'nobody-answered' ? ' grave' : ''}`}>{text}</i>)}</span>;
}

/** The newest arrival while the rows are held: one line in the head's own zone. */
export function ArrivalRow({ alert }: { alert: AlertView }) {
  return (
    <div class={`arrival row p${alert.priority}${isUnclaimed(alert) ? ' unclaimed' : ''}`} data-id={alert.id} data-test="arrival">
      <button type="button" class="row-main" onClick={() => select(alert.id)}>
        <PriorityMark priority={alert.priority} />
        <span class="row-what"><b>{kindName(alert.kind)}</b> <span class="row-who">{subjectText(alert)}</span> <span class="row-where">{placeText(alert)}</span></span>
      </button>
      <Timer since={alert.openedAt} waiting={isUnclaimed(alert)} />
    </div>
  );
}

/** Time since the alert was raised, in the step's colour while nobody has it; stands still once it was closed. */
export function Timer({ since, waiting, until = null }: { since: number; waiting: boolean; until?: number | null }) {
  const age = (until ?? serverNow.value) - since;
  return <span class={`timer digits${waiting ? ` sla${slaStep(age)}` : ''}`}>{duration(age, lang.value)}</span>;
}
