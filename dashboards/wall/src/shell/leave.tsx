/** Asked before typed and unsaved things are left: stay, or let them go. */
import { t } from '#wall/i18n/text.ts';
import { leaving } from '#wall/state/route.ts';
import { Dialog } from './dialog.tsx';

export function Leave() {
  const run = leaving.value;
  if (run === null) return null;
  const close = (): void => { leaving.value = null; };
  return (
    <Dialog title={t('leave.title')} onClose={close}>
      <p>{t('leave.text')}</p>
      <p class="buttons"><button type="button" class="strong" data-test="stay" onClick={close}>{t('act.stay')}</button><button type="button" class="plain" data-test="leave" onClick={() => { close(); run(); }}>{t('act.leave')}</button></p>
    </Dialog>
  );
}
