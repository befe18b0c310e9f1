/** 统计: delivery, answer and arrival by channel, gateway, village and hour, with the cases behind a figure. Days, region and question stand in the address. */
import type { EventKind } from '#core/event.ts';
import type { Outcome } from '#core/alert.ts';
import { countyDay, dayOf } from '#core/clock.ts';
import { monthStart } from '#core/kpi.ts';
import { RegionPicker } from '#wall/files/region.tsx';
import { dayMinute, duration } from '#wall/format/time.ts';
import { kindName, lang, maybeText, outcomeName, type TextKey, t } from '#wall/i18n/text.ts';
import { percent } from '#wall/shell/figures.tsx';
import { regionNames } from '#wall/state/county.ts';
import { go, hashOf, type Query, route } from '#wall/state/route.ts';
import { select } from '#wall/state/selection.ts';
import { me } from '#wall/state/session.ts';
import { serverNow } from '#wall/state/wall.ts';
import { Page, useFetched, Waiting } from './page.tsx';

type Messages = { messages: number; reached: number; failed: number; unknown: number; waiting: number; withdrawn: number; reachedP50Ms: number | null };
type Told = { told: number; answered: number; accepted: number; answerP50Ms: number | null; came: number; comeP50Ms: number | null };
type Alarms = { alarms: number; judged60s: number; within60s: number; judged180s: number; within180s: number; unanswered: number; p50Ms: number | null; judged45m: number; arrived45m: number; arrivalP50Ms: number | null };
type Line = { by: 'all' | 'channel' | 'gateway' | 'village' | 'hour'; key: string | null; town: string | null; village: string | null; messages: Messages | null; told: Told | null; alarms: Alarms | null; learning: Alarms | null };
type Sheet = { from: string; to: string; asOf: number; complete: boolean; demo: boolean; lines: readonly Line[] };
type Case = { id: string; kind: EventKind; state: string; town: string | null; village: string | null; openedAt: number; answerMs: number | null; arrivalMs: number | null; outcome: Outcome | null };
type Cases = { truncated: boolean; cases: readonly Case[] };

const groups: readonly { by: readonly Line['by'][]; title: TextKey; alarms: boolean }[] = [
  { by: ['all', 'channel', 'gateway'], title: 'stat.ways', alarms: false }, { by: ['all', 'village'], title: 'stat.villages', alarms: true }, { by: ['hour'], title: 'stat.hours', alarms: true },
];

export function Statistics() {
  const { query } = route.value;
  const today = dayOf(serverNow.value);
  const day = (name: string, otherwise: string): string => (countyDay(query[name] ?? '') ? (query[name] ?? otherwise) : otherwise);
  const span = { from: day('from', dayOf(monthStart(serverNow.value))), to: day('to', today) };
  const region = query['region'] ?? '';
  const asked: Query = { ...span, region, ...(query['demo'] ? { demo: query['demo'] } : {}) };
  const path = new URLSearchParams(Object.entries(asked).filter(([, v]) => v !== ''));
  const sheet = useFetched<Sheet>(`/api/v1/reports/figures?${path}`);
  const set = (change: Query): void => go('statistics', null, { ...asked, ...change });
  const shown = sheet.value;
  return (
    <Page title={t('tab.statistics')} help={t('stat.help')} onRefresh={sheet.again} test="statistics">
      <form class="filters no-print" onSubmit={(event) => event.preventDefault()}>
        <label>{t('stat.from')}<input type="date" name="from" value={span.from} max={today} onChange={(event) => set({ from: event.currentTarget.value })} /></label>
        <label>{t('stat.to')}<input type="date" name="to" value={span.to} max={today} onChange={(event) => set({ to: event.currentTarget.value })} /></label>
        <RegionPicker value={region} any={t('blind.all')} onChange={(code) => set({ region: code })} />
        <button type="button" class="plain" onClick={() => print()}>{t('act.print')}</button>
        <a class="plain file-link" download href={`/api/v1/reports/figures.csv?${path}`} data-test="file">{t('act.file')}</a>
      </form>
      {shown === null ? <Waiting problem={sheet.problem} /> : <>
        <section class="card" data-test="stat-head">
          <h2><span class="digits">{shown.from} – {shown.to}</span> {regionNames.value.get(region) ?? ''}{shown.demo && <i class="flag grave">{t('stat.demo')}</i>}</h2>
          {sheet.problem && <Waiting problem={sheet.problem} />}
          <p class="dim">{t('stat.asOf')} <span class="digits">{dayMinute(shown.asOf)}</span>{!shown.complete && <> · {t('stat.partial')}</>} · {me.value?.name}</p>
          {shown.lines.every((l) => (l.messages?.messages ?? 0) + (l.alarms?.alarms ?? 0) + (l.learning?.alarms ?? 0) === 0) && <p class="empty" data-test="stat-none">{t('stat.none')}</p>}
          <details class="definitions"><summary>{t('stat.definitions')}</summary>{(['stat.defMessages', 'stat.defTold', 'stat.defAlarms', 'stat.defLearning', 'stat.defOut'] as const).map((key) => <p key={key} class="dim">{t(key)}</p>)}</details>
        </section>
        {query['what'] && <CaseList asked={{ ...Object.fromEntries(path), what: query['what'], ...Object.fromEntries(['hour', 'channel', 'gateway'].flatMap((k) => (query[k] ? [[k, query[k]]] : []))) }} />}
        {groups.map((g) => <Table key={g.title} title={g.title} lines={shown.lines.filter((l) => g.by.includes(l.by))} alarms={g.alarms} asked={asked} />)}
      </>}
    </Page>
  );
}

function nameOf({ by, key, town, village }: Line): string {
  if (by === 'all') return t('stat.all');
  if (by === 'channel') return t(`channel.${key as 'sms'}`);
  if (by === 'gateway') return maybeText(`gateway.${key}`) ?? key ?? '';
  if (by === 'hour') return `${(key ?? '').padStart(2, '0')}:00`;
  return [town, village].filter(Boolean).join(' ') || t('files.wholeCounty');
}

/** What narrows the cases to this line. */
const narrowed = ({ by, key }: Line, asked: Query): Query => (by === 'village' ? (key === null ? asked : { ...asked, region: key }) : by === 'all' || key === null ? asked : { ...asked, [by]: key });

function Table({ title, lines, alarms, asked }: { title: TextKey; lines: readonly Line[]; alarms: boolean; asked: Query }) {
  if (lines.length === 0) return null;
  const heads: readonly TextKey[] = ['stat.messages', 'stat.reached', 'stat.failed', 'stat.unknown', 'stat.waiting', 'stat.told', 'stat.answered', 'stat.accepted', 'stat.answerTime', 'stat.came', ...(alarms ? ['stat.alarms', 'figures.in60', 'figures.in180', 'stat.unanswered', 'figures.arrived45', 'figures.arrival', 'stat.learning'] as const : [])];
  return (
    <section class="card scroll" aria-label={t(title)}>
      <h3>{t(title)}</h3>
      <table class="table list" data-test={title}>
        <thead><tr><th />{heads.map((h) => <th key={h}>{t(h)}</th>)}</tr></thead>
        <tbody>{lines.map((l) => (
          <tr key={`${l.by} ${l.key}`} data-key={l.key ?? l.by}><th scope="row">{nameOf(l)}</th>
            <MessageCells line={l} asked={asked} />{alarms && <AlarmCells line={l} asked={asked} />}</tr>
        ))}</tbody>
      </table>
    </section>
  );
}

/** A number that leads to its cases; nothing leads nowhere. */
function Count({ n, what, line, asked, bad = false }: { n: number | undefined; what: string; line: Line; asked: Query; bad?: boolean }) {
  if (!n) return <td class="digits dim">0</td>;
  return <td class="digits"><a class={bad ? 'warn' : undefined} data-what={what} href={hashOf('statistics', null, { ...narrowed(line, asked), what })}>{n}</a></td>;
}
/** A share; what is missing to the whole leads to its cases. */
function Share({ n = 0, of = 0, what, line, asked }: { n: number | undefined; of: number | undefined; what?: string; line: Line; asked: Query }) {
  if (of === 0) return <td class="digits dim">–</td>;
  const text = <>{percent(n, of)}% <span class="dim">{n}/{of}</span></>;
  return <td class="digits">{what && n < of ? <a data-what={what} href={hashOf('statistics', null, { ...narrowed(line, asked), what })}>{text}</a> : text}</td>;
}
const Took = ({ ms }: { ms: number | null | undefined }) => <td class="digits">{ms == null ? <span class="dim">–</span> : duration(ms, lang.value)}</td>;

function MessageCells({ line, asked }: { line: Line; asked: Query }) {
  const [m, told] = [line.messages, line.told];
  return (
    <>
      <td class="digits">{m?.messages ?? 0}</td><Share n={m?.reached} of={m ? m.reached + m.failed + m.unknown : 0} line={line} asked={asked} />
      <Count n={m?.failed} what="failed" line={line} asked={asked} bad /><Count n={m?.unknown} what="unknown" line={line} asked={asked} bad /><td class="digits">{m?.waiting ?? 0}</td>
      <td class="digits">{told?.told ?? 0}</td><Share n={told?.answered} of={told?.told} what="silent" line={line} asked={asked} /><td class="digits">{told?.accepted ?? 0}</td><Took ms={told?.answerP50Ms} /><td class="digits">{told?.came ?? 0}</td>
    </>
  );
}

function AlarmCells({ line, asked }: { line: Line; asked: Query }) {
  const a = line.alarms;
  return (
    <>
      <Count n={a?.alarms} what="alarms" line={line} asked={asked} /><Share n={a?.within60s} of={a?.judged60s} what="late60" line={line} asked={asked} /><Share n={a?.within180s} of={a?.judged180s} what="late180" line={line} asked={asked} /><Count n={a?.unanswered} what="unanswered" line={line} asked={asked} bad />
      <Share n={a?.arrived45m} of={a?.judged45m} what="late45m" line={line} asked={asked} /><Took ms={a?.arrivalP50Ms} /><Count n={line.learning?.alarms} what="learning" line={line} asked={asked} />
    </>
  );
}

function CaseList({ asked }: { asked: Readonly<Record<string, string>> }) {
  const list = useFetched<Cases>(`/api/v1/reports/figures/cases?${new URLSearchParams(asked)}`);
  const { what = '', ...rest } = asked;
  return (
    <section class="card scroll" data-test="stat-cases">
      <h3>{t('stat.cases')}：{maybeText(`stat.what.${what}`) ?? what} <a class="plain" href={hashOf('statistics', null, rest)}>{t('act.less')}</a></h3>
      {list.value === null ? <Waiting problem={list.problem} /> : <>
        {list.value.truncated && <p class="warn">{t('stat.truncated', { n: list.value.cases.length })}</p>}
        <table class="table">
          <thead><tr><th>{t('stat.case')}</th><th>{t('blind.village')}</th><th>{t('case.opened')}</th><th>{t('stat.answerTime')}</th><th>{t('figures.arrival')}</th><th>{t('case.closeTitle')}</th></tr></thead>
          <tbody>{list.value.cases.map((c) => (
            <tr key={c.id} data-id={c.id}><td><a href={hashOf('wall')} onClick={() => select(c.id)}>{kindName(c.kind)} {c.id}</a></td><td>{[c.town, c.village].filter(Boolean).join(' ')}</td><td class="digits">{dayMinute(c.openedAt)}</td>
              <Took ms={c.answerMs} /><Took ms={c.arrivalMs} /><td>{c.outcome === null ? maybeText(`state.${c.state}`) : outcomeName(c.outcome)}</td></tr>
          ))}</tbody>
        </table>
      </>}
    </section>
  );
}
