/** 在线率: how long installed devices could be heard, by model, vendor, village: what the next purchase is judged by; and day by day. */
import { useSignal } from '@preact/signals';
import { useOne } from '#wall/files/file.tsx';
import { duration } from '#wall/format/time.ts';
import { lang, t } from '#wall/i18n/text.ts';
import { Waiting } from './page.tsx';

const groups = ['model', 'vendor', 'village', 'day'] as const;
const spans = [30, 90, 365] as const;
type Row = { key: string; name: string; town: string | null; devices: number; never: number; installedMs: number; silentMs: number; outageMs: number; silences: number; up: number; upOwn: number };
type Day = { day: string; devices: number; never: number; silences: number; up: number; upOwn: number; heard: number | null; heartbeats: number | null };
const percent = (share: number): string => `${(Math.floor(share * 10_000) / 100).toFixed(2)}%`;

export function DeviceUptime({ region }: { region: string }) {
  const by = useSignal<(typeof groups)[number]>('model');
  const days = useSignal<(typeof spans)[number]>(30);
  const query = new URLSearchParams({ by: by.value, days: String(days.value), ...(region === '' ? {} : { region }) });
  return (
    <div data-test="uptime">
      <p class="buttons">
        {groups.map((g) => <button key={g} type="button" class={by.value === g ? 'small-button strong' : 'small-button'} aria-pressed={by.value === g} data-by={g} onClick={() => { by.value = g; }}>{t(`uptime.${g}`)}</button>)}
        {spans.map((n) => <button key={n} type="button" class={days.value === n ? 'small-button strong' : 'small-button'} aria-pressed={days.value === n} data-days={n} onClick={() => { days.value = n; }}>{t('uptime.days', { n })}</button>)}
        {by.value !== 'day' && <a class="plain" download href={`/api/v1/reports/uptime.csv?${query}`}>{t('uptime.file')}</a>}</p>
      {by.value === 'day' ? <Days query={String(query)} /> : <Groups by={by.value} query={String(query)} />}
    </div>
  );
}

function Groups({ by, query }: { by: Exclude<(typeof groups)[number], 'day'>; query: string }) {
  const found = useOne<{ rows: Row[] }>(`/api/v1/reports/uptime?${query}`);
  return (
    <>
      {found.value === null ? <Waiting problem={found.problem} /> : found.value.rows.length === 0 ? <p class="empty">{t('uptime.none')}</p> : (
        <div class="card scroll"><table class="table list">
          <thead><tr><th scope="col">{t(`uptime.${by}`)}</th><th scope="col">{t('doors.devices')}</th><th scope="col">{t('uptime.up')}</th><th scope="col">{t('uptime.upOwn')}</th><th scope="col">{t('uptime.silences')}</th><th scope="col">{t('uptime.silent')}</th><th scope="col">{t('healthList.never')}</th></tr></thead>
          <tbody>{found.value.rows.map((r) => (
            <tr key={r.key} data-key={r.key}><th scope="row">{r.name || t('files.unknown')}{r.town !== null && <span class="dim small"> {r.town}</span>}</th><td class="digits">{r.devices}</td><td class="digits"><b>{percent(r.up)}</b></td><td class="digits">{percent(r.upOwn)}</td><td class="digits">{r.silences}</td>
              <td class="digits">{r.silentMs === 0 ? '–' : duration(r.silentMs, lang.value)}</td><td class={r.never > 0 ? 'digits warn' : 'digits'}>{r.never}</td></tr>
          ))}</tbody>
        </table></div>
      )}
    </>
  );
}

/** Newest first; of today until now. */
function Days({ query }: { query: string }) {
  const asked = new URLSearchParams(query);
  asked.delete('by');
  const found = useOne<{ days: Day[] }>(`/api/v1/reports/online-days?${asked}`);
  if (found.value === null) return <Waiting problem={found.problem} />;
  return (
    <div class="card scroll"><table class="table list">
      <thead><tr><th scope="col">{t('uptime.date')}</th><th scope="col">{t('doors.devices')}</th><th scope="col">{t('uptime.up')}</th><th scope="col">{t('uptime.upOwn')}</th><th scope="col">{t('uptime.silences')}</th><th scope="col">{t('uptime.heard')}</th><th scope="col">{t('uptime.heartbeats')}</th></tr></thead>
      <tbody>{[...found.value.days].reverse().map((d) => (
        <tr key={d.day} data-day={d.day}><th scope="row" class="digits">{d.day}</th><td class="digits">{d.devices}</td><td class="digits"><b>{d.devices === 0 ? '–' : percent(d.up)}</b></td><td class="digits">{d.devices === 0 ? '–' : percent(d.upOwn)}</td>
          <td class="digits">{d.silences}</td><td class="digits">{d.heard ?? '–'}</td><td class="digits">{d.heartbeats?.toLocaleString('en-US') ?? '–'}</td></tr>
      ))}</tbody>
    </table></div>
  );
}
