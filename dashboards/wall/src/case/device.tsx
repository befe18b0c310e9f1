/** The device that raised it, and every other of the home: whether each was heard, and when the person last gave any sign of life. Online only with proof. */
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { get } from '#wall/api/client.ts';
import { duration } from '#wall/format/time.ts';
import { lang, maybeText, t } from '#wall/i18n/text.ts';
import { serverNow } from '#wall/state/wall.ts';

type DeviceView = { id: string; model: string; room: string | null; personId: string | null; state: string; lastSeenAt: number | null; lowBattery: boolean; battery: number | null };
const ago = (at: number): string => duration(serverNow.value - at, lang.value);

export function Device({ id, homeId, personId }: { id: string | null; homeId: string | null; personId: string | null }) {
  const devices = useSignal<readonly DeviceView[]>([]);
  useEffect(() => {
    let gone = false;
    devices.value = [];
    const keep = (found: readonly DeviceView[]): void => { if (!gone) devices.value = [...found].sort((a, b) => Number(b.id === id) - Number(a.id === id)); };
    if (homeId !== null) void get<{ devices: DeviceView[] }>(`/api/v1/devices?homeId=${encodeURIComponent(homeId)}&limit=20`).then((answer) => { if (answer.ok) keep(answer.value.devices); });
    else if (id !== null) void get<DeviceView>(`/api/v1/devices/${encodeURIComponent(id)}`).then((answer) => { if (answer.ok) keep([answer.value]); });
    return () => { gone = true; };
  }, [id, homeId]);
  const theirs = devices.value.filter((d) => personId === null || d.personId === null || d.personId === personId);
  const heard = Math.max(...theirs.map((d) => d.lastSeenAt ?? 0));
  return (
    <section class="part" aria-label={t('case.device')} data-test="device">
      <h3>{t('case.device')}</h3>
      {theirs.length > 0 && homeId !== null && <p class="digits" data-test="proof">{heard > 0 ? t('case.proof', { time: ago(heard) }) : t('case.noProof')}</p>}
      {devices.value.map((device) => <Line key={device.id} device={device} />)}
      {id !== null && !devices.value.some((d) => d.id === id) && <p class="facts-line"><code>{id}</code></p>}
    </section>
  );
}

function Line({ device }: { device: DeviceView }) {
  return (
    <p class="facts-line">
      <code>{device.id}</code><span>{device.model}</span>
      {device.room && <span>{t('case.room')} {device.room}</span>}
      <span>{maybeText(`device.${device.state}`) ?? device.state}</span>
      <span class="digits">{device.lastSeenAt === null ? t('case.neverSeen') : t('case.lastSeen', { time: ago(device.lastSeenAt) })}</span>
      {device.battery !== null && <span class="digits">{t('case.battery', { n: device.battery })}</span>}
      {device.lowBattery && <i class="flag grave">{t('device.low')}</i>}
    </p>
  );
}
