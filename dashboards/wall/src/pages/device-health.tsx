/** 设备体检: what is installed and needs somebody: never heard, silent too long, a battery near its end. Each list leads to the device's file. */
import { useComputed } from '@preact/signals';
import type { BatteryOutlook } from '#core/battery.ts';
import type { SignalDay, SignalTrend } from '#core/signal.ts';
import { RegionPicker } from '#wall/files/region.tsx';
import { StateWord } from '#wall/files/devices-card.tsx';
import { Card, useOne } from '#wall/files/file.tsx';
import type { DeviceFile } from '#wall/files/shapes.ts';
import { ago, word } from '#wall/files/words.tsx';
import { dayMinute } from '#wall/format/time.ts';
import { t } from '#wall/i18n/text.ts';
import { placeOf } from '#wall/shell/unheard.tsx';
import { hashOf, refine, route } from '#wall/state/route.ts';
import { DeviceUptime } from './device-uptime.tsx';
import { Page, Waiting } from './page.tsx';

const lists = ['never', 'dead', 'battery', 'signal', 'sim', 'uptime'] as const;
type Row = DeviceFile & { outlook: BatteryOutlook | null };

function outlookText(outlook: BatteryOutlook): string {
  if (outlook.kind === 'few') return t('battery.few', { n: outlook.readings });
  if (outlook.kind === 'steady') return t('battery.steady', { days: outlook.days });
  return t('battery.falling', { n: Math.floor(outlook.daysLeft), perDay: (-outlook.perDay).toFixed(2), days: outlook.days });
}

/** What every list of this page has above it; the table of uptime has its own question. */
export function DeviceHealth() {
  const list = useComputed(() => route.value.query['list'] === 'uptime').value;
  return list ? <UptimePage /> : <HealthPage />;
}

function Above({ list, region }: { list: (typeof lists)[number]; region: string }) {
  return (
    <>
      <p class="buttons">{lists.map((l) => <a key={l} class={l === list ? 'strong' : 'plain'} aria-current={l === list ? 'page' : undefined} data-list={l} href={hashOf('device-health', null, { list: l, ...(region === '' ? {} : { region }) })}>{word('healthList', l)}</a>)}
        <RegionPicker value={region} onChange={(code) => refine({ list, ...(code === '' ? {} : { region: code }) })} any={t('files.anywhere')} /></p>
      <p class="dim small">{word('healthHelp', list)}</p>
    </>
  );
}

function UptimePage() {
  const region = route.value.query['region'] ?? '';
  return <Page title={t('tab.device-health')} help={t('health.help')} test="device-health"><Above list="uptime" region={region} /><DeviceUptime region={region} /></Page>;
}

function HealthPage() {
  const list = useComputed(() => lists.find((l) => l === route.value.query['list']) ?? 'never').value;
  const { region = '', after = '' } = route.value.query;
  const search = new URLSearchParams({ list, limit: '50', ...(region === '' ? {} : { region }), ...(after === '' ? {} : { cursor: after }) });
  const found = useOne<{ devices: Row[]; next: string | null }>(`/api/v1/device-health?${search}`);
  return (
    <Page title={t('tab.device-health')} help={t('health.help')} test="device-health" onRefresh={found.again}>
      <Above list={list} region={region} />
      {list === 'signal' && <WeakVillages region={region} />}
      {found.value === null ? <Waiting problem={found.problem} /> : found.value.devices.length === 0 ? <p class="empty" data-test="none">{word('healthNone', list)}</p> : (
        <div class="card scroll"><table class="table list">
          <thead><tr><th scope="col">{t('devices.id')}</th><th scope="col">{t('devices.model')}</th><th scope="col">{t('files.place')}</th><th scope="col">{t('device.presence')}</th><th scope="col">{t(list === 'never' ? 'device.registeredAt' : list === 'sim' ? 'device.simUntil' : 'device.lastSeen')}</th><th scope="col">{t(list === 'signal' ? 'device.signal' : 'device.battery')}</th></tr></thead>
          <tbody>{found.value.devices.map((d) => (
            <tr key={d.id} data-id={d.id}><th scope="row"><a href={hashOf('devices', d.id)}><code>{d.id}</code></a></th><td>{word('deviceType', d.type)}</td><td>{[placeOf(d.regionCode), d.room].filter(Boolean).join(' · ') || '–'}</td><td><StateWord device={d} /></td>
              <td class="digits">{list === 'never' ? dayMinute(d.registeredAt) : list === 'sim' ? (d.simUntil ?? '') : d.lastSeenAt === null ? '–' : `${dayMinute(d.lastSeenAt)} · ${ago(d.lastSeenAt)}`}</td><td class="digits">{list === 'signal' ? `${d.rssi} dBm` : d.battery === null ? '–' : `${d.battery}%`}{d.outlook && <span class="warn"> {outlookText(d.outlook)}</span>}</td></tr>
          ))}</tbody>
        </table></div>
      )}
      {found.value?.next && <p class="pager"><a class="plain" data-test="next" href={hashOf('device-health', null, { list, ...(region === '' ? {} : { region }), after: found.value.next })}>{t('files.next')}</a></p>}
    </Page>
  );
}

/** On a device's file: its trend, and when it comes to its end. */
export function BatteryCard({ id }: { id: string }) {
  const found = useOne<{ readings: { at: number; percent: number }[]; outlook: BatteryOutlook }>(`/api/v1/devices/${id}/battery`).value;
  if (found === null || found.readings.length === 0) return null;
  return (
    <Card title={t('battery.title')} test="battery">
      <p data-test="battery-outlook">{outlookText(found.outlook)}</p>
      {found.readings.length > 1 && <Trend points={found.readings.map((r) => ({ at: r.at, value: r.percent }))} low={0} high={100} label={t('battery.trend', { from: dayMinute(found.readings[0]?.at ?? 0), n: found.readings.length })} />}
    </Card>
  );
}

/** A line over time, between `low` and `high`; `mark`: a level to see it against. */
function Trend({ points, low, high, mark, label }: { points: readonly { at: number; value: number }[]; low: number; high: number; mark?: number; label: string }) {
  const from = points[0]?.at ?? 0;
  const span = Math.max(1, (points.at(-1)?.at ?? 0) - from);
  const y = (value: number): string => (58 - ((Math.min(high, Math.max(low, value)) - low) / (high - low)) * 56).toFixed(1);
  return (
    <svg viewBox="0 0 200 60" class="trend" role="img" aria-label={label} width="100%" height="60" preserveAspectRatio="none">
      {mark !== undefined && <line x1="0" x2="200" y1={y(mark)} y2={y(mark)} stroke="currentColor" stroke-width="0.5" stroke-dasharray="3 3" />}
      <polyline fill="none" stroke="currentColor" stroke-width="1.5" points={points.map((p) => `${(((p.at - from) / span) * 200).toFixed(1)},${y(p.value)}`).join(' ')} />
    </svg>
  );
}

/** On a device's file: its signal day by day, against what counts as weak. */
export function SignalCard({ id }: { id: string }) {
  const found = useOne<{ weakDbm: number; days: SignalDay[]; trend: SignalTrend }>(`/api/v1/devices/${id}/signal`).value;
  if (found === null || found.days.length === 0) return null;
  const { kind, now, before, days } = found.trend;
  return (
    <Card title={t('signal.title')} test="signal">
      <p data-test="signal-trend" class={kind === 'weak' || kind === 'falling' ? 'warn' : undefined}>{t(`signal.${kind}`, { now: now === null ? '–' : Math.round(now), before: before === null ? '–' : Math.round(before), days, weak: found.weakDbm })}</p>
      {found.days.length > 1 && <Trend points={found.days.map((d) => ({ at: d.at, value: d.mean }))} low={-130} high={-40} mark={found.weakDbm} label={t('signal.trend', { from: dayMinute(found.days[0]?.at ?? 0), n: found.days.length })} />}
    </Card>
  );
}

function WeakVillages({ region }: { region: string }) {
  const found = useOne<{ villages: { code: string | null; town: string | null; village: string | null; heard: number; weak: number; mean: number }[] }>(`/api/v1/device-health/signal${region === '' ? '' : `?region=${region}`}`).value;
  if (found === null || found.villages.length === 0) return null;
  return (
    <div class="card scroll"><table class="table list" data-test="weak-villages">
      <thead><tr><th scope="col">{t('files.place')}</th><th scope="col">{t('signal.weakDevices')}</th><th scope="col">{t('signal.mean')}</th></tr></thead>
      <tbody>{found.villages.map((v) => (
        <tr key={v.code} data-village={v.code}><th scope="row">{v.code === null ? t('files.unknown') : <a href={hashOf('device-health', null, { list: 'signal', region: v.code })}>{[v.town, v.village].filter(Boolean).join(' ')}</a>}</th><td class="digits">{v.weak} / {v.heard}</td><td class="digits">{Math.round(v.mean)} dBm</td></tr>
      ))}</tbody>
    </table></div>
  );
}
