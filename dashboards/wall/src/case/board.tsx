/** Beside the queue while no case is open: what was promised and what is pinned; and the bar that says that a promise is due. */
import { useSignal } from '@preact/signals';
import { duration } from '#wall/format/time.ts';
import { kindName, lang, maybeText, t } from '#wall/i18n/text.ts';
import { board, type Callback, calledBack, dueCallbacks } from '#wall/state/board.ts';
import { select } from '#wall/state/selection.ts';
import { go } from '#wall/state/route.ts';
import { serverNow } from '#wall/state/wall.ts';

const where = (of: { name: string | null; town: string | null; village: string | null }): string => [of.name, of.town, of.village].filter(Boolean).join(' ');
const open = (alertId: string): void => { select(alertId); go('wall'); };

export function BoardParts() {
  const { callbacks, pinned } = board.value;
  return (
    <>
      {callbacks.length > 0 && <section class="part" aria-label={t('board.callbacks')} data-test="callbacks"><h3>{t('board.callbacks')}</h3><ul>{callbacks.map((c) => <Promised key={c.id} c={c} />)}</ul></section>}
      {pinned.length > 0 && (
        <section class="part" aria-label={t('board.pinned')} data-test="pinned"><h3>{t('board.pinned')}</h3>
          <ul>{pinned.map((p) => <li key={p.alertId} class="news"><button type="button" class={`news-main mark p${p.priority}`} onClick={() => open(p.alertId)}><span class="news-text"><b>{kindName(p.kind)}</b> {where(p)}</span></button><span class="news-word">{maybeText(`state.${p.state}`)} · {p.byName}</span></li>)}</ul>
        </section>
      )}
    </>
  );
}

/** Due first, then by its time; done with a word, so that the next shift knows what was said. */
function Promised({ c }: { c: Callback }) {
  const text = useSignal('');
  const left = c.dueAt - serverNow.value;
  const submit = (event: SubmitEvent): void => { event.preventDefault(); if (text.value.trim() !== '') void calledBack(c.id, text.value.trim()); };
  return (
    <li class="promised" data-callback={c.id}>
      <p><button type="button" class="news-main" onClick={() => open(c.alertId)}><span class="news-text"><b>{kindName(c.kind)}</b> {where(c)}</span></button>
        <span class={left <= 0 ? 'warn digits' : 'dim digits'}>{left <= 0 ? t('board.late', { time: duration(-left, lang.value) }) : t('board.in', { time: duration(left, lang.value) })}</span></p>
      {c.note && <p class="dim small">{c.note} · {c.byName}</p>}
      {left <= 0 && <form class="note-box" onSubmit={submit}><input aria-label={t('board.said')} placeholder={t('board.said')} maxLength={2000} value={text.value} onInput={(event) => { text.value = event.currentTarget.value; }} /><button type="submit" class="small-button" data-test="called-back" disabled={text.value.trim() === ''}>{t('act.done')}</button></form>}
    </li>
  );
}

export function CallbackBar() {
  const due = dueCallbacks.value;
  const [first] = due;
  if (!first) return null;
  return (
    <div class="bar ask" role="status" data-test="callback-bar">
      <b>{t('board.due')}{due.length > 1 ? ` (${due.length})` : ''}</b><span>{kindName(first.kind)} {where(first)}{first.note ? ` · ${first.note}` : ''}</span>
      <button type="button" class="bar-button" onClick={() => open(first.alertId)}>{t('act.look')}</button>
    </div>
  );
}
