/** What a device reported last and what became of each: the acceptance of an installer, the trail of a technician. */
import { dayMinute } from '#wall/format/time.ts';
import type { EventKind } from '#core/event.ts';
import { kindName, maybeText, t } from '#wall/i18n/text.ts';
import { problemText } from '#wall/shell/problem.ts';
import { Card, useOne } from './file.tsx';

type DeviceEvent = { id: string; kind: EventKind; edge: string; deviceTime: number | null; receivedAt: number; result: string | null; alertId: string | null; flags: string[] };

export function DeviceEvents({ id }: { id: string }) {
  const list = useOne<{ events: DeviceEvent[] }>(`/api/v1/devices/${id}/events?limit=20`);
  return (
    <Card title={t('device.events')} test="events" tools={<button type="button" class="small-button" onClick={list.again}>{t('act.refresh')}</button>}>
      {list.problem && <p class="trouble">{problemText(list.problem)}</p>}
      {list.value?.events.length === 0 && <p class="dim">{t('device.noEvents')}</p>}
      {list.value !== null && list.value.events.length > 0 && <div class="scroll"><table class="table">
        <thead><tr><th>{t('quarantine.at')}</th><th>{t('device.event')}</th><th>{t('quarantine.result')}</th><th>{t('device.alert')}</th><th /></tr></thead>
        <tbody>{list.value.events.map((e) => (
          <tr key={e.id} data-id={e.id}>
            <td class="digits">{dayMinute(e.receivedAt)}</td><td>{kindName(e.kind)}{e.edge === 'clear' && ` (${t('log.cleared')})`}</td><td>{e.result === null ? t('device.waiting') : (maybeText(`result.${e.result}`) ?? e.result)}</td>
            <td class="digits">{e.alertId === null ? '–' : t('case.number', { id: e.alertId })}</td><td class="marks">{e.flags.map((flag) => <i key={flag} class="flag">{maybeText(`flag.${flag}`) ?? flag}</i>)}</td>
          </tr>
        ))}</tbody>
      </table></div>}
    </Card>
  );
}
