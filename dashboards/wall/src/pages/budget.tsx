/** 号码次数: how much of the provider's windows the numbers have used, the fullest first, and what waits for room. */
import { maybeText, t } from '#wall/i18n/text.ts';
import { roleText } from '#wall/case/people.tsx';
import { useFetched, Waiting } from './page.tsx';

type Window = { code: string; used: number; most: number; calm: number };
type NumberBudget = { party: string; role: string | null; name: string | null; to: string; town: string | null; village: string | null; template: string; listed: boolean; demo: boolean; windows: readonly Window[] };
type Budgets = { reserve: number; held: number; numbers: readonly NumberBudget[] };

export function Budget() {
  const view = useFetched<Budgets>('/api/v1/notifications/budget');
  return (
    <details class="card" data-test="budget">
      <summary><b>{t('budget.title')}</b> <span class="dim small">{view.value === null ? '' : summary(view.value)}</span></summary>
      {view.value === null ? <Waiting problem={view.problem} /> : view.value.numbers.length === 0 ? <p class="empty">{t('budget.empty')}</p> : (
        <>
          <p class="dim small">{t('budget.help', { n: Math.round(view.value.reserve * 100) })} <button type="button" class="small-button" onClick={view.again}>{t('act.refresh')}</button></p>
          <div class="scroll"><table class="table">
            <thead><tr><th>{t('note.who')}</th><th>{t('budget.texts')}</th><th>{t('budget.calls')}</th><th /></tr></thead>
            <tbody>{view.value.numbers.map((n) => <Line key={n.party + n.to} line={n} />)}</tbody>
          </table></div>
        </>
      )}
    </details>
  );
}

/** The fullest window decides how a number stands; that somebody was called in this minute is no news. */
const stand = (n: NumberBudget): 'full' | 'reserve' | 'room' => {
  const counted = n.windows.filter((w) => !w.code.endsWith('_MINUTE') && !(n.listed && w.code.startsWith('local.SMS')));
  return counted.some((w) => w.used >= w.most) ? 'full' : counted.some((w) => w.used >= w.calm) ? 'reserve' : 'room';
};

function summary({ numbers, held }: Budgets): string {
  const count = (what: ReturnType<typeof stand>): number => numbers.filter((n) => stand(n) === what).length;
  return [t('budget.count.full', { n: count('full') }), t('budget.count.reserve', { n: count('reserve') }), ...(held > 0 ? [t('budget.held', { n: held })] : [])].join(' · ');
}

function Line({ line: n }: { line: NumberBudget }) {
  const state = stand(n);
  const part = (prefix: string): Window[] => n.windows.filter((w) => w.code.startsWith(prefix));
  return (
    <tr data-party={n.party} data-state={state}>
      <td>{[n.role && roleText(n.role), n.name].filter(Boolean).join(' ') || t('note.nobody')} <span class="digits dim">{n.to}</span> <span class="dim small">{[n.town, n.village].filter(Boolean).join(' ')}</span></td>
      <td>{n.listed ? <span class="dim">{t('budget.listed')}</span> : <Windows windows={part('local.SMS')} />} <span class="dim small">{part('local.SMS').some((w) => w.used > 0) && (maybeText(`tpl.${n.template}`) ?? n.template)}</span></td>
      <td><Windows windows={part('local.CALLS')} /></td>
      <td>{state !== 'room' && <b class={state === 'full' ? 'trouble' : 'warn'}>{t(`budget.${state}`)}</b>}</td>
    </tr>
  );
}

function Windows({ windows }: { windows: readonly Window[] }) {
  return <span class="digits">{windows.map((w) => <span key={w.code} class="window" title={t('budget.left', { n: Math.max(0, w.most - w.used) })}>{t(`budget.${w.code.slice('local.'.length)}` as 'budget.SMS_DAY')} {w.used}/{w.most}</span>)}</span>;
}
