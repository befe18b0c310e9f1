/** 安装验收 for whoever answers for it: the cover of the special group with the reason for each gap, visits by town, installer and day, and what is to be done again. */
import { dayOf } from '#core/clock.ts';
import { RegionPicker } from '#wall/files/region.tsx';
import { dayMinute } from '#wall/format/time.ts';
import { lang, maybeText, type TextKey, t } from '#wall/i18n/text.ts';
import { go, hashOf, route } from '#wall/state/route.ts';
import { me } from '#wall/state/session.ts';
import { serverNow } from '#wall/state/wall.ts';
import { Page, useFetched, Waiting } from './page.tsx';

type Counts = { visits: number; installed: number; accepted: number; onSite: number; failed: number; refused: number; toRedo: number };
type Cover = { special: number; accepted: number; percent: number; goals: readonly { percent: number; lacking: number }[]; gaps: Readonly<Record<string, number>> };
type Redo = { id: string; at: number; town: string | null; village: string | null; homeId: string; deviceId: string | null; installer: string | null; reasons: readonly { what: string; zh: string; en: string }[] };
type Report = {
  from: string; to: string; asOf: number; demo: boolean; total: Counts; towns: readonly (Counts & { regionCode: string; town: string | null })[]; installers: readonly (Counts & { id: string; name: string | null })[]; days: readonly (Counts & { day: string })[];
  redo: readonly Redo[]; cover: Cover & { towns: readonly (Cover & { regionCode: string; town: string | null })[] };
};
const columns = ['visits', 'installed', 'accepted', 'onSite', 'failed', 'refused', 'toRedo'] as const satisfies readonly (keyof Counts)[];
const gapText = (gap: string): string => maybeText(`inst.gap.${gap}`) ?? gap;
const isDay = (text: string | undefined): text is string => /^\d{4}-\d\d-\d\d$/.test(text ?? '');

export function Installations() {
  const { query } = route.value;
  const today = dayOf(serverNow.value);
  const to = isDay(query['to']) ? query['to'] : today;
  const from = isDay(query['from']) ? query['from'] : dayOf(Date.parse(`${to}T00:00:00+08:00`) - 30 * 86_400_000);
  const region = query['region'] ?? '';
  const path = new URLSearchParams({ from, to, ...(region === '' ? {} : { region }) });
  const report = useFetched<Report>(`/api/v1/reports/installations?${path}`);
  const set = (change: Record<string, string>): void => go('installations', null, { from, to, region, ...change });
  const r = report.value;
  return (
    <Page title={t('tab.installations')} help={t('inst.help')} onRefresh={report.again} test="installations">
      <form class="filters no-print" onSubmit={(event) => event.preventDefault()}>
        <label>{t('inst.from')}<input type="date" name="from" value={from} max={to} onChange={(event) => { if (event.currentTarget.value !== '') set({ from: event.currentTarget.value }); }} /></label>
        <label>{t('inst.to')}<input type="date" name="to" value={to} min={from} max={today} onChange={(event) => { if (event.currentTarget.value !== '') set({ to: event.currentTarget.value }); }} /></label>
        <RegionPicker value={region} any={t('blind.all')} onChange={(code) => set({ region: code })} />
        <button type="button" class="plain" onClick={() => print()}>{t('act.print')}</button>
        <a class="plain file-link" download href={`/api/v1/reports/installations.csv?${path}`} data-test="file" title={t('arr.fileNote')}>{t('act.file')}</a>
      </form>
      {r === null ? <Waiting problem={report.problem} /> : <>
        <p class="dim">{t('stat.asOf')} <span class="digits">{dayMinute(r.asOf)}</span>{r.demo && <> <i class="flag grave">{t('stat.demo')}</i></>} · {me.value?.name}</p>
        <CoverCard cover={r.cover} />
        {r.total.visits === 0 ? <p class="empty">{t('inst.none')}</p> : <>
          <CountTable title="inst.byTown" test="by-town" rows={r.towns.map((x) => ({ key: x.regionCode, name: x.town ?? x.regionCode, ...x }))} total={r.total} />
          <CountTable title="inst.byInstaller" test="by-installer" rows={r.installers.map((x) => ({ ...x, key: x.id, name: x.name ?? x.id }))} total={r.total} />
          <CountTable title="inst.byDay" test="by-day" rows={r.days.map((x) => ({ key: x.day, name: x.day, ...x }))} total={r.total} />
        </>}
        <RedoList rows={r.redo} />
      </>}
    </Page>
  );
}

function CoverCard({ cover }: { cover: Report['cover'] }) {
  const gaps = Object.entries(cover.gaps).filter(([, n]) => n > 0);
  return (
    <section class="card scroll" data-test="cover">
      <h2>{t('inst.cover')}</h2>
      <p><b class="digits">{t('inst.coverOf', { accepted: cover.accepted, special: cover.special, percent: cover.percent })}</b></p>
      <ul>{cover.goals.map((goal) => <li key={goal.percent} data-goal={goal.percent}><span class="digits">{t('inst.goal', { percent: goal.percent })}</span> · <span class={goal.lacking > 0 ? 'warn' : ''}>{goal.lacking > 0 ? t('inst.lacking', { n: goal.lacking }) : t('inst.reached')}</span></li>)}</ul>
      {gaps.length > 0 && <><h3>{t('inst.gaps')}</h3><ul>{gaps.map(([gap, n]) => <li key={gap} data-gap={gap}>{gapText(gap)} <b class="digits">{n}</b></li>)}</ul></>}
      {cover.towns.length > 1 && (
        <table class="table list" data-test="cover-towns">
          <thead><tr><th scope="col">{t('files.town')}</th><th scope="col">{t('inst.special')}</th><th scope="col">{t('inst.accepted')}</th><th scope="col">{t('inst.percent')}</th><th scope="col">{t('inst.gaps')}</th></tr></thead>
          <tbody>{cover.towns.map((c) => (
            <tr key={c.regionCode} data-id={c.regionCode}><th scope="row">{c.town ?? c.regionCode}</th><td class="digits">{c.special}</td><td class="digits">{c.accepted}</td><td class="digits">{c.percent}%</td><td>{Object.entries(c.gaps).filter(([, n]) => n > 0).map(([gap, n]) => `${gapText(gap)} ${n}`).join(' · ')}</td></tr>
          ))}</tbody>
        </table>
      )}
    </section>
  );
}

function CountTable({ title, test, rows, total }: { title: TextKey; test: string; rows: readonly (Counts & { key: string; name: string })[]; total: Counts }) {
  return (
    <section class="card scroll">
      <h2>{t(title)}</h2>
      <table class="table list" data-test={test}>
        <thead><tr><th scope="col">{t(title)}</th>{columns.map((c) => <th key={c} scope="col">{t(`inst.${c}`)}</th>)}</tr></thead>
        <tbody>{rows.map((r) => <tr key={r.key} data-id={r.key}><th scope="row">{r.name}</th>{columns.map((c) => <td key={c} class={`digits${(c === 'failed' || c === 'toRedo') && r[c] > 0 ? ' warn' : ''}`}>{r[c]}</td>)}</tr>)}</tbody>
        <tfoot><tr><th scope="row">{t('inst.sum')}</th>{columns.map((c) => <td key={c} class="digits"><b>{total[c]}</b></td>)}</tr></tfoot>
      </table>
    </section>
  );
}

function RedoList({ rows }: { rows: readonly Redo[] }) {
  return (
    <section class="card scroll" data-test="redo">
      <h2>{t('inst.redo')}</h2>
      {rows.length === 0 ? <p class="empty">{t('inst.redoNone')}</p> : (
        <table class="table list">
          <thead><tr><th scope="col">{t('inst.when')}</th><th scope="col">{t('inst.where')}</th><th scope="col">{t('inst.home')}</th><th scope="col">{t('inst.device')}</th><th scope="col">{t('inst.installer')}</th><th scope="col">{t('inst.why')}</th></tr></thead>
          <tbody>{rows.map((r) => (
            <tr key={r.id} data-id={r.id}><td class="digits">{dayMinute(r.at)}</td><td>{[r.town, r.village].filter(Boolean).join(' ')}</td><th scope="row"><a href={hashOf('homes', r.homeId)}>{r.homeId}</a></th>
              <td>{r.deviceId === null ? '–' : <a href={hashOf('devices', r.deviceId)}>{r.deviceId}</a>}</td><td>{r.installer ?? ''}</td><td>{r.reasons.map((why) => why[lang.value]).join(' · ')}</td></tr>
          ))}</tbody>
        </table>
      )}
    </section>
  );
}
