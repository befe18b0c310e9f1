/** Devices of a person or a home: what hangs there and whether it is heard. */
import { lifeOf } from '#core/device-life.ts';
import { may } from '#core/user.ts';
import { t } from '#wall/i18n/text.ts';
import { problemText } from '#wall/shell/problem.ts';
import { hashOf } from '#wall/state/route.ts';
import { can } from '#wall/state/session.ts';
import { Card, useOne } from './file.tsx';
import type { DeviceFile } from './shapes.ts';
import { ago, word } from './words.tsx';

/** The word of a device's state, loud where it is not heard. */
export function StateWord({ device }: { device: Pick<DeviceFile, 'state' | 'status' | 'ended'> }) {
  if (device.status !== 'installed') return <span class="dim">{word('deviceStatus', lifeOf(device.status, device.ended))}</span>;
  return <span class={device.state === 'online' ? undefined : 'warn'}>{word('device', device.state)}</span>;
}

export function DevicesCard({ query }: { query: string }) {
  const list = useOne<{ devices: DeviceFile[] }>(`/api/v1/devices?limit=50&${query}`);
  const devices = list.value?.devices.filter((d) => d.status !== 'revoked') ?? [];
  return (
    <Card title={t('people.devices')} test="devices-card" tools={can(may.writeDevices) && <a class="small-button" href={hashOf('register', null, Object.fromEntries(new URLSearchParams(query)))}>{t('act.register')}</a>}>
      {list.problem && <p class="trouble">{problemText(list.problem)}</p>}
      {list.value !== null && devices.length === 0 && <p class="warn">{t('gap.device')}</p>}
      <ul class="lines-list">{devices.map((d) => (
        <li key={d.id}><a href={hashOf('devices', d.id)}>{word('deviceType', d.type)}</a><span>{d.room ?? ''}</span><StateWord device={d} /><span class="dim small digits">{d.lastSeenAt === null ? '' : ago(d.lastSeenAt)}</span></li>
      ))}</ul>
    </Card>
  );
}
