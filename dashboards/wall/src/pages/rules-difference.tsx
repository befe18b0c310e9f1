/** What a dry run answers (试运行): how many alerts would be others, by kind and town, the gravest one by one with the way to the alert, and what its word is worth. */
import type { DiffRow, Tried } from '#core/rule-try.ts';
import { dayMinute, duration } from '#wall/format/time.ts';
import { kindName, lang, t } from '#wall/i18n/text.ts';
import { placeOf } from '#wall/shell/unheard.tsx';
import { hashOf } from '#wall/state/route.ts';
import { select } from '#wall/state/selection.ts';

type Count = { change: DiffRow['change']; n: number };
export type Difference = Omit<Tried, 'rows'> & { rows: readonly DiffRow[]; differences: number; counts: readonly Count[]; byKind: readonly (Count & { kind: DiffRow['kind'] })[]; byTown: readonly (Count & { town: string | null })[] };

export function RuleDifference({ of: d, stale }: { of: Difference; stale: boolean }) {
  return (
    <div class="stack" data-test="rules-difference" role="status">
      <h3>{t('rules.difference')}</h3>
      {stale && <p class="warn" data-test="rules-stale">{t('rules.stale')}</p>}
      <p>{t('rules.looked', { from: dayMinute(d.from), to: dayMinute(d.to), events: d.events, s: (d.tookMs / 1000).toFixed(1) })} {t('rules.alerts', { was: d.alerts.was, now: d.alerts.now })}</p>
      <p class={d.agreement.same === d.agreement.of ? 'dim small' : 'warn small'} data-test="rules-agreement">{t('rules.agreement', { same: d.agreement.same, of: d.agreement.of })}</p>
      {d.silentAtOnce > 0 && <p class="warn">{t('rules.silentAtOnce', { n: d.silentAtOnce })}</p>}
      {d.gaps.map((gap) => <p key={gap} class="warn small">{t(`ruleGap.${gap}`)}</p>)}
      {d.differences === 0 ? <p data-test="rules-same"><b>{t('rules.same')}</b></p> : <>
        <p data-test="rules-counts"><b>{d.counts.map((c) => `${t(`ruleDiff.${c.change}`)} ${c.n}`).join(' · ')}</b></p>
        <p class="small dim">{d.byKind.map((c) => `${kindName(c.kind)} ${t(`ruleDiff.${c.change}`)} ${c.n}`).join(' · ')}</p>
        <p class="small dim">{d.byTown.map((c) => `${c.town ?? t('files.wholeCounty')} ${t(`ruleDiff.${c.change}`)} ${c.n}`).join(' · ')}</p>
        <Rows rows={d.rows} />
        {d.differences > d.rows.length && <p class="dim small">{t('rules.rest', { n: d.differences - d.rows.length })}</p>}
      </>}
    </div>
  );
}

function Rows({ rows }: { rows: readonly DiffRow[] }) {
  return (
    <div class="scroll"><table class="table list" data-test="rules-rows">
      <thead><tr><th scope="col">{t('rules.change')}</th><th scope="col">{t('plan.previewKind')}</th><th scope="col">{t('note.at')}</th><th scope="col">{t('set.scope')}</th><th scope="col">{t('note.alert')}</th></tr></thead>
      <tbody>{rows.map((r, i) => (
        <tr key={i} data-change={r.change}>
          <th scope="row">{t(`ruleDiff.${r.change}`)}{r.wasPriority === null ? '' : ` P${r.wasPriority} → P${r.priority}`}{r.byMs === null ? '' : ` ${duration(Math.abs(r.byMs), lang.value)}`}</th>
          <td>{kindName(r.kind)} P{r.priority}</td><td class="digits">{dayMinute(r.at)}</td>
          <td>{placeOf(r.regionCode)} {r.deviceId === null ? '' : <a href={hashOf('devices', r.deviceId)}>{r.deviceId}</a>}</td>
          <td>{r.alertId === null ? '–' : <a href={hashOf('wall')} onClick={() => select(r.alertId as string)}>{r.alertId}</a>}</td>
        </tr>
      ))}</tbody>
    </table></div>
  );
}
