/** The device that raised it: where it hangs, whether it was heard, its battery. Online only with proof. */
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { get } from '#wall/api/client.ts';
import { duration } from '#wall/format/time.ts';
import { lang, maybeText, t } from '#wall/i18n/text.ts';
import { serverNow } from '#wall/state/wall.ts';

type DeviceView = { id: string; model: string; room: string | null; state: string; lastSeenAt: number | null; lowBattery: boolean; battery: number | null };

export function Device({ id }: { id: string }) {
  const device = useSignal<DeviceView | null>(null);
  useEffect(() => {
    let gone = false;
    device.value = null;
    void get<DeviceView>(`/api/v1/devices/${encodeURIComponent(id)}`).then((answer) => { if (!gone && answer.ok) device.value = answer.value; });
    return () => { gone = true; };
  }, [id]);
  const known = device.value;
  return (
    <section class="part" aria-label={t('case.device')} data-test="device">
      <h3>{t('case.device')}</h3>
      <p class="facts-line">
        <code>{id}</code>
        {known && <>
          <span>{known.model}</span>
          {known.room && <span>{t('case.room')} {known.room}</span>}
          <span>{maybeText(`device.${known.state}`) ?? known.state}</span>
          <span class="digits">{known.lastSeenAt === null ? t('case.neverSeen') : t('case.lastSeen', { time: duration(serverNow.value - known.lastSeenAt, lang.value) })}</span>
          {known.battery !== null && <span class="digits">{t('case.battery', { n: known.battery })}</span>}
          {known.lowBattery && <i class="flag grave">{t('device.low')}</i>}
        </>}
      </p>
    </section>
  );
}
