/** 设备体检: what is installed and needs somebody: never heard, silent too long, a battery near its end. Each list leads to the device's file. */
import { useComputed } from '@preact/signals';
import type { BatteryOutlook } from '#core/battery.ts';
import { RegionPicker } from '#wall/files/region.tsx';
import { StateWord } from '#wall/files/devices-card.tsx';
import { Card, useOne } from '#wall/files/file.tsx';
import type { DeviceFile } from '#wall/files/shapes.ts';
import { ago, word } from '#wall/files/words.tsx';
import { dayMinute } from '#wall/format/time.ts';
import { t } from '#wall/i18n/text.ts';
import { placeOf } from '#wall/shell/unheard.tsx';
import { hashOf, refine, route } from '#wall/state/route.ts';
import { Page, Waiting } from './page.tsx';

const lists = ['never', 'dead', 'battery', 'sim'] as const;
type Row = DeviceFile & { outlook: BatteryOutlook | null };

function outlookText(outlook: BatteryOutlook): string {
  if (outlook.kind === 'few') return t('battery.few', { n: outlook.readings });
  if (outlook.kind === 'steady') return t('battery.steady', { days: outlook.days });
  return t('battery.falling', { n: Math.floor(outlook.daysLeft), perDay: (-outlook.perDay).toFixed(2), days: outlook.days });
}

export function DeviceHealth() {
  const list = useComputed(() => lists.find((l) => l === route.value.query['list']) ?? 'never').value;
  const { region = '', after = '' } = route.value.query;
  const search = new URLSearchParams({ list, limit: '50', ...(region === '' ? {} : { region }), ...(after === '' ? {} : { cursor: after }) });
  const found = useOne<{ devices: Row[]; next: string | null }>(`/api/v1/device-health?${search}`);
  return (
    <Page title={t('tab.device-health')} help={t('health.help')} test="device-health" onRefresh={found.again}>
      <p class="buttons">{lists.map((l) => <a key={l} class={l === list ? 'strong' : 'plain'} aria-current={l === list ? 'page' : undefined} data-list={l} href={hashOf('device-health', null, { list: l, ...(region === '' ? {} : { region }) })}>{word('healthList', l)}</a>)}
        <RegionPicker value={region} onChange={(code) => refine({ list, ...(code === '' ? {} : { region: code }) })} any={t('files.anywhere')} /></p>
      <p class="dim small">{word('healthHelp', list)}</p>
      {found.value === null ? <Waiting problem={found.problem} /> : found.value.devices.length === 0 ? <p class="empty" data-test="none">{word('healthNone', list)}</p> : (
        <div class="card scroll"><table class="table list">
          <thead><tr><th scope="col">{t('devices.id')}</th><th scope="col">{t('devices.model')}</th><th scope="col">{t('files.place')}</th><th scope="col">{t('device.presence')}</th><th scope="col">{t(list === 'never' ? 'device.registeredAt' : list === 'sim' ? 'device.simUntil' : 'device.lastSeen')}</th><th scope="col">{t('device.battery')}</th></tr></thead>
          <tbody>{found.value.devices.map((d) => (
            <tr key={d.id} data-id={d.id}><th scope="row"><a href={hashOf('devices', d.id)}><code>{d.id}</code></a></th><td>{word('deviceType', d.type)}</td><td>{[placeOf(d.regionCode), d.room].filter(Boolean).join(' · ') || '–'}</td><td><StateWord device={d} /></td>
              <td class="digits">{list === 'never' ? dayMinute(d.registeredAt) : list === 'sim' ? (d.simUntil ?? '') : d.lastSeenAt === null ? '–' : `${dayMinute(d.lastSeenAt)} · ${ago(d.lastSeenAt)}`}</td><td class="digits">{d.battery === null ? '–' : `${d.battery}%`}{d.outlook && <span class="warn"> {outlookText(d.outlook)}</span>}</td></tr>
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
  const from = found.readings[0]?.at ?? 0;
  const span = Math.max(1, (found.readings.at(-1)?.at ?? 0) - from);
  return (
    <Card title={t('battery.title')} test="battery">
      <p data-test="battery-outlook">{outlookText(found.outlook)}</p>
      {found.readings.length > 1 && (
        <svg viewBox="0 0 200 60" class="trend" role="img" aria-label={t('battery.trend', { from: dayMinute(from), n: found.readings.length })} width="100%" height="60" preserveAspectRatio="none">
          <polyline fill="none" stroke="currentColor" stroke-width="1.5" points={found.readings.map((r) => `${(((r.at - from) / span) * 200).toFixed(1)},${(58 - (r.percent / 100) * 56).toFixed(1)}`).join(' ')} />
        </svg>
      )}
    </Card>
  );
}
