/** 到场单: by month, who was told how often (by night too) and was there; one person's sheet with totals and lines to sign, for paper. */
import type { EventKind } from '#core/event.ts';
import type { Outcome } from '#core/alert.ts';
import { countyMonth } from '#core/arrival.ts';
import { dayOf } from '#core/clock.ts';
import { may } from '#core/user.ts';
import { roleText } from '#wall/case/people.tsx';
import { RevealButton, useReveal } from '#wall/files/file.tsx';
import { RegionPicker } from '#wall/files/region.tsx';
import { dayMinute, duration } from '#wall/format/time.ts';
import { kindName, lang, maybeText, outcomeName, t } from '#wall/i18n/text.ts';
import { go, hashOf, route } from '#wall/state/route.ts';
import { can, me } from '#wall/state/session.ts';
import { serverNow } from '#wall/state/wall.ts';
import { Page, useFetched, Waiting } from './page.tsx';

type Who = { id: string; role: string; town: string | null; village: string | null; name: string };
type Head = { month: string; asOf: number; complete: boolean; demo: boolean };
type List = Head & { responders: readonly (Who & { told: number; night: number; accepted: number; missed: number; arrived: number; arriveP50Ms: number | null })[] };
type Response = { alertId: string; kind: EventKind; town: string | null; village: string | null; toldAt: number | null; acceptedAt: number | null; departedAt: number | null; arrivedAt: number; closedAt: number | null; outcome: Outcome | null; minutesToArrive: number; minutesThere: number | null; via: string | null; byHimself: boolean | null };
type One = Head & Who & { responses: readonly Response[]; total: { responses: number; night: number; minutesToArrive: number; minutesThere: number; byDesk: number } };

/** The month of the address, else this one. */
function monthOf(): string {
  const asked = route.value.query['month'] ?? '';
  return countyMonth(asked) ? asked : dayOf(serverNow.value).slice(0, 7);
}
const place = (of: { town: string | null; village: string | null }): string => [of.town, of.village].filter(Boolean).join(' ');
const Facts = ({ head }: { head: Head }) => <p class="dim">{t('stat.asOf')} <span class="digits">{dayMinute(head.asOf)}</span>{!head.complete && <> · {t('stat.partial')}</>}{head.demo && <> <i class="flag grave">{t('stat.demo')}</i></>} · {me.value?.name}</p>;

export function Arrivals() {
  const { id } = route.value;
  return id === null ? <Months /> : <Sheet key={id} id={id} />;
}

function MonthInput({ month, onChange }: { month: string; onChange(month: string): void }) {
  return <label>{t('arr.month')}<input type="month" name="month" value={month} max={dayOf(serverNow.value).slice(0, 7)} onChange={(event) => { if (event.currentTarget.value !== '') onChange(event.currentTarget.value); }} /></label>;
}

function Months() {
  const month = monthOf();
  const region = route.value.query['region'] ?? '';
  const path = new URLSearchParams({ month, ...(region === '' ? {} : { region }) });
  const list = useFetched<List>(`/api/v1/reports/arrivals?${path}`);
  const set = (change: Record<string, string>): void => go('arrivals', null, { month, region, ...change });
  return (
    <Page title={t('tab.arrivals')} help={t('arr.help')} onRefresh={list.again} test="arrivals">
      <form class="filters no-print" onSubmit={(event) => event.preventDefault()}>
        <MonthInput month={month} onChange={(m) => set({ month: m })} />
        <RegionPicker value={region} any={t('blind.all')} onChange={(code) => set({ region: code })} />
        <button type="button" class="plain" onClick={() => print()}>{t('act.print')}</button>
        <a class="plain file-link" download href={`/api/v1/reports/arrivals.csv?${path}${can(may.revealFiles) ? '&names=true' : ''}`} data-test="file" title={t('arr.fileNote')}>{t('act.file')}</a>
      </form>
      {list.value === null || list.value.month !== month ? <Waiting problem={list.problem} /> : (
        <section class="card scroll">
          <h2 class="digits">{month}</h2><Facts head={list.value} /><p class="dim small">{t('arr.definitions')}</p>
          {list.value.responders.length === 0 ? <p class="empty">{t('arr.none')}</p> : (
            <table class="table list" data-test="arrival-list">
              <thead><tr><th>{t('blind.who')}</th><th>{t('blind.village')}</th><th>{t('arr.told')}</th><th>{t('arr.night')}</th><th>{t('arr.accepted')}</th><th>{t('arr.missed')}</th><th>{t('arr.arrived')}</th><th>{t('figures.arrival')}</th></tr></thead>
              <tbody>{list.value.responders.map((r) => (
                <tr key={r.id} data-id={r.id}><th scope="row"><a href={hashOf('arrivals', r.id, { month })}>{roleText(r.role)} {r.name}</a></th><td>{place(r)}</td><td class="digits">{r.told}</td><td class="digits">{r.night}</td><td class="digits">{r.accepted}</td>
                  <td class={`digits${r.missed > 0 ? ' warn' : ''}`}>{r.missed}</td><td class="digits"><b>{r.arrived}</b></td><td class="digits">{r.arriveP50Ms === null ? '–' : duration(r.arriveP50Ms, lang.value)}</td></tr>
              ))}</tbody>
            </table>
          )}
        </section>
      )}
    </Page>
  );
}

function Sheet({ id }: { id: string }) {
  const month = monthOf();
  const sheet = useFetched<One>(`/api/v1/reports/arrivals/${id}?${new URLSearchParams({ month })}`);
  const reveal = useReveal<{ name: string; phone: string }>(`/api/v1/responders/${id}`);
  const s = sheet.value;
  return (
    <Page title={t('tab.arrivals')} help={t('arr.sheetHelp')} onRefresh={sheet.again} test="arrival-sheet">
      <form class="filters no-print" onSubmit={(event) => event.preventDefault()}>
        <MonthInput month={month} onChange={(m) => go('arrivals', id, { month: m })} />
        <a class="plain file-link" href={hashOf('arrivals', null, { month })}>{t('act.back')}</a>
        {can(may.revealFiles) && <RevealButton reveal={reveal} />}
        <button type="button" class="plain" onClick={() => print()}>{t('act.print')}</button>
      </form>
      {s === null || s.month !== month ? <Waiting problem={sheet.problem} /> : (
        <section class="card scroll" data-test="sheet">
          <h2>{t('arr.title', { month })}</h2>
          <p class="sheet-sum">{place(s)} {roleText(s.role)} <b data-test="who">{reveal.plain?.name ?? s.name}</b></p>
          <Facts head={s} />
          {s.responses.length === 0 ? <p class="empty">{t('arr.noneHere')}</p> : <Responses rows={s.responses} />}
          <p class="sheet-sum" data-test="total">{t('arr.total', { n: s.total.responses, night: s.total.night, way: s.total.minutesToArrive, there: s.total.minutesThere })}{s.total.byDesk > 0 && <> {t('arr.byDesk', { n: s.total.byDesk })}</>}</p>
          <p class="dim small">{t('arr.definitions')}</p>
          <p class="print-only sign-line">{t('arr.sign')}</p>
        </section>
      )}
    </Page>
  );
}

const At = ({ at }: { at: number | null }) => <td class="digits">{at === null ? '–' : dayMinute(at)}</td>;
function Responses({ rows }: { rows: readonly Response[] }) {
  return (
    <table class="table list" data-test="responses">
      <thead><tr><th>{t('stat.case')}</th><th>{t('blind.village')}</th><th>{t('arr.toldAt')}</th><th>{t('arr.acceptedAt')}</th><th>{t('arr.departedAt')}</th><th>{t('arr.arrivedAt')}</th><th>{t('arr.closedAt')}</th><th>{t('arr.way')}</th><th>{t('arr.there')}</th><th>{t('case.closeTitle')}</th><th>{t('arr.via')}</th></tr></thead>
      <tbody>{rows.map((r) => (
        <tr key={r.alertId} data-id={r.alertId}><th scope="row">{kindName(r.kind)} <span class="digits">{r.alertId}</span></th><td>{r.village ?? r.town ?? ''}</td><At at={r.toldAt} /><At at={r.acceptedAt} /><At at={r.departedAt} /><At at={r.arrivedAt} /><At at={r.closedAt} />
          <td class="digits">{r.minutesToArrive}</td><td class="digits">{r.minutesThere ?? '–'}</td><td>{r.outcome === null ? '' : outcomeName(r.outcome)}</td><td>{r.byHimself === null ? '' : r.byHimself ? (maybeText(`arr.via.${r.via}`) ?? r.via) : t('arr.viaDesk')}</td></tr>
      ))}</tbody>
    </table>
  );
}
