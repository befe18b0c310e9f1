/** 设备未登记: who knocked and was refused. A fitted button whose paper is late is among them (F24). */
import { may } from '#core/user.ts';
import { duration } from '#wall/format/time.ts';
import { lang, maybeText, t } from '#wall/i18n/text.ts';
import { go } from '#wall/state/route.ts';
import { can } from '#wall/state/session.ts';
import { serverNow } from '#wall/state/wall.ts';
import { Page, useFetched, Waiting } from './page.tsx';

type Refused = { id: string; reason: string; firstAt: number; lastAt: number; count: number; address: string | null; door: string; doorKey: string | null };

export function Unregistered() {
  const list = useFetched<{ devices: Refused[] }>('/api/v1/unregistered');
  return (
    <Page title={t('unregistered.title')} help={t('unregistered.help')} onRefresh={list.again} test="unregistered">
      {list.value === null ? <Waiting problem={list.problem} /> : list.value.devices.length === 0 ? <p class="empty">{t('unregistered.empty')}</p> : (
        <div class="card scroll"><table class="table">
          <thead><tr><th>{t('unregistered.id')}</th><th>{t('unregistered.reason')}</th><th>{t('unregistered.count')}</th><th>{t('unregistered.last')}</th><th>{t('unregistered.first')}</th><th>{t('unregistered.address')}</th><th>{t('unregistered.door')}</th><th /></tr></thead>
          <tbody>{list.value.devices.map((row) => (
            <tr key={row.id}>
              <td><code>{row.doorKey ?? row.id}</code></td><td>{maybeText(`unregistered.${row.reason}`) ?? row.reason}</td><td class="digits">{row.count}</td>
              <td class="digits">{duration(serverNow.value - row.lastAt, lang.value)}</td><td class="digits">{duration(serverNow.value - row.firstAt, lang.value)}</td><td class="digits">{row.address ?? '–'}</td><td>{row.door}</td>
              <td>{row.doorKey !== null && can(may.writeDevices) && <button type="button" class="small-button" data-test="claim" onClick={() => go('register', null, { door: row.door, doorKey: row.doorKey ?? '' })}>{t('act.register')}</button>}</td>
            </tr>
          ))}</tbody>
        </table></div>
      )}
    </Page>
  );
}
