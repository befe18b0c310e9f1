/** Asked when somebody at the desk logs out without having handed over: what is open would be nobody's (D9). */
import { signal } from '@preact/signals';
import { get } from '#wall/api/client.ts';
import { t } from '#wall/i18n/text.ts';
import { go } from '#wall/state/route.ts';
import { logOut, mayAct, me } from '#wall/state/session.ts';
import { openCounts } from '#wall/state/wall.ts';
import { Dialog } from './dialog.tsx';

const leavingShift = signal(false);
/** A hand-over of mine that was signed within this is this shift's. */
const freshMs = 60 * 60_000;

/** Logs out at once where nothing is open, nobody acts, or the shift was signed over; else asks. */
export function leaveShift(): void {
  if (!mayAct.peek() || openCounts.peek().every((n) => n === 0)) { void logOut(); return; }
  void get<{ handovers: readonly { fromId: string; offeredAt: number }[] }>('/api/v1/desk/handovers').then((answer) => {
    const mine = answer.ok && answer.value.handovers.some((h) => h.fromId === me.peek()?.id && h.offeredAt > Date.now() - freshMs);
    if (mine || !answer.ok) void logOut(); else leavingShift.value = true;
  });
}

export function LeaveShift() {
  if (!leavingShift.value) return null;
  const close = (): void => { leavingShift.value = false; };
  return (
    <Dialog title={t('handover.ask')} onClose={close}>
      <p>{t('handover.askMore')}</p>
      <p class="buttons"><button type="button" class="strong" data-test="hand-over-first" onClick={() => { close(); go('shift'); }}>{t('handover.first')}</button>
        <button type="button" class="plain" data-test="log-out-anyway" onClick={() => { close(); void logOut(); }}>{t('handover.leaveAnyway')}</button></p>
    </Dialog>
  );
}
