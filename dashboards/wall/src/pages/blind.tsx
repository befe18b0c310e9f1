/** 听不到: whom we could not have heard on a day, from when to when, and why; on paper and as a table (2.10). Day and region stand in the address. */
import { clockTime, countyDay, dayOf } from '#core/clock.ts';
import { may } from '#core/user.ts';
import { dayMinute } from '#wall/format/time.ts';
import { maybeText, t } from '#wall/i18n/text.ts';
import { regionNames, regions } from '#wall/state/county.ts';
import { go, hashOf, route } from '#wall/state/route.ts';
import { can, me } from '#wall/state/session.ts';
import { serverNow } from '#wall/state/wall.ts';
import { Page, useFetched, Waiting } from './page.tsx';

type Span = { fromAt: number; toAt: number };
type Village = { code: string; town: string | null; village: string | null; covered: number; people: number; personMinutes: number };
type Person = { personId: string; town: string | null; village: string | null; name: string; highRisk: boolean; minutes: number; windows: readonly (Span & { reason: string })[] };
type Sheet = Span & {
  day: string; complete: boolean; covered: number; people: number; personMinutes: number; away: number; own: readonly Span[]; villages: readonly Village[]; list: readonly Person[]; truncated: boolean;
};

const minutes = (span: Span): number => Math.round((span.toAt - span.fromAt) / 60_000);

export function Blind() {
  const today = dayOf(serverNow.value);
  // in the morning the sheet of yesterday is asked for
  const day = countyDay(route.value.query['day'] ?? '') ? (route.value.query['day'] ?? today) : dayOf(serverNow.value - 24 * 3_600_000);
  const region = route.value.query['region'] ?? '';
  const query = new URLSearchParams({ day, ...(region === '' ? {} : { region }) });
  const sheet = useFetched<Sheet>(`/api/v1/reports/blind?${query}`);
  const towns = (regions.value ?? []).filter((r) => r.level === 'town');
  const set = (name: string, value: string): void => { if (value !== '' || name === 'region') go('blind', null, { day, region, [name]: value }); };
  return (
    <Page title={t('blind.title')} help={t('blind.help')} onRefresh={sheet.again} test="blind">
      <form class="card form-row no-print" onSubmit={(event) => event.preventDefault()}>
        <label>{t('blind.day')}<input type="date" name="day" value={day} max={today} onChange={(event) => set('day', event.currentTarget.value)} /></label>
        {towns.length > 1 && <label>{t('blind.region')}<select name="region" value={region} onChange={(event) => set('region', event.currentTarget.value)}>
          <option value="">{t('blind.all')}</option>{towns.map((r) => <option key={r.code} value={r.code}>{regionNames.value.get(r.code)}</option>)}</select></label>}
        <button type="button" class="plain" onClick={() => print()}>{t('act.print')}</button>
        <a class="plain file-link" download href={`/api/v1/reports/blind.csv?${query}`} data-test="file">{t('act.file')}</a>
      </form>
      {sheet.value === null || sheet.value.day !== day ? <Waiting problem={sheet.problem} /> : <Whole sheet={sheet.value} region={region} />}
    </Page>
  );
}

function Whole({ sheet, region }: { sheet: Sheet; region: string }) {
  const { covered, people, away } = sheet;
  return (
    <>
      <section class="card" data-test="sheet">
        <h2><span class="digits">{sheet.day}</span> {region === '' ? '' : regionNames.value.get(region)}</h2>
        <p class="sheet-sum">{covered === 0 ? t('blind.nobody') : people === 0 ? t('blind.none', { covered }) : t('blind.sum', { people, covered, minutes: sheet.personMinutes })}</p>
        {away > 0 && <p class="dim">{t('blind.away', { n: away })}</p>}
        {!sheet.complete && <p class="warn">{t('blind.partial')}</p>}
        {sheet.own.length > 0 && <><h3>{t('blind.own')}</h3><ul class="digits">{sheet.own.map((w) => <li key={w.fromAt}>{t('blind.ownAll', { from: clock(w.fromAt, sheet), to: clock(w.toAt, sheet), n: minutes(w) })}</li>)}</ul>{can(may.writeRolls) && <p class="no-print"><a class="plain file-link" href={hashOf('rollcalls', 'new', { blind: '1' })}>{t('act.rollCall')}</a></p>}</>}
        <p class="print-only dim">{me.value?.name} · <span class="digits">{dayMinute(serverNow.value)}</span></p>
      </section>
      {sheet.villages.length > 0 && <Villages villages={sheet.villages} day={sheet.day} />}
      {sheet.list.length > 0 && <People sheet={sheet} />}
    </>
  );
}

// The end of a day is 24:00, not 00:00.
const clock = (at: number, sheet: Sheet): string => (sheet.complete && at === sheet.toAt ? '24:00' : clockTime(at));

function Villages({ villages, day }: { villages: readonly Village[]; day: string }) {
  return (
    <section class="card scroll" aria-label={t('blind.villages')}>
      <table class="table" data-test="villages">
        <thead><tr><th>{t('blind.village')}</th><th>{t('blind.covered')}</th><th>{t('blind.people')}</th><th>{t('blind.minutes')}</th></tr></thead>
        <tbody>{villages.map((v) => (
          <tr key={v.code}><td><a href={hashOf('blind', null, { day, region: v.code })}>{[v.town, v.village].filter(Boolean).join(' ')}</a></td><td class="digits">{v.covered}</td><td class="digits">{v.people}</td><td class="digits">{v.personMinutes}</td></tr>
        ))}</tbody>
      </table>
    </section>
  );
}

function People({ sheet }: { sheet: Sheet }) {
  return (
    <section class="card scroll" aria-label={t('blind.list')}>
      <h3>{t('blind.list')}</h3>
      {sheet.truncated && <p class="warn">{t('blind.truncated', { n: sheet.list.length })}</p>}
      <table class="table" data-test="unheard-list">
        <thead><tr><th>{t('blind.who')}</th><th>{t('blind.village')}</th><th>{t('blind.when')}</th><th>{t('blind.total')}</th></tr></thead>
        <tbody>{sheet.list.map((p) => (
          <tr key={p.personId}>
            <td>{p.name}{p.highRisk && <i class="flag grave">{t('case.highRisk')}</i>}</td><td>{[p.town, p.village].filter(Boolean).join(' ')}</td>
            <td>{p.windows.map((w) => <div key={w.fromAt}><span class="digits">{clock(w.fromAt, sheet)}–{clock(w.toAt, sheet)}</span> <span class="dim">{maybeText(`blind.reason.${w.reason}`) ?? w.reason}</span></div>)}</td>
            <td class="digits">{p.minutes}</td>
          </tr>
        ))}</tbody>
      </table>
    </section>
  );
}
