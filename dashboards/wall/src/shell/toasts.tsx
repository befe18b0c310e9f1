/** Where the short words appear, and the one assertive voice of the page: a new P1. */
import { useSignal, useSignalEffect } from '@preact/signals';
import { useRef } from 'preact/hooks';
import { kindName, t } from '#wall/i18n/text.ts';
import { placeText, subjectText } from '#wall/queue/row.tsx';
import { toasts } from '#wall/state/toast.ts';
import { unclaimedP1 } from '#wall/state/wall.ts';

export function Toasts() {
  return <div class="toasts" aria-live="polite">{toasts.value.map((toast) => <p key={toast.id} class={`toast${toast.bad ? ' bad' : ''}`} data-test={toast.bad ? 'toast-bad' : 'toast'}>{toast.text}</p>)}</div>;
}

/** Speaks each unclaimed P1 once, and each new press of it; nothing else interrupts a screen reader. */
export function Announcer() {
  const said = useRef(new Map<string, number>());
  const text = useSignal('');
  useSignalEffect(() => {
    const now = unclaimedP1.value;
    const fresh = now.filter((a) => (said.current.get(a.id) ?? 0) < a.count);
    said.current = new Map(now.map((a) => [a.id, a.count]));
    const first = fresh[0];
    if (first) text.value = t('queue.new', { text: `${kindName(first.kind)} ${subjectText(first)} ${placeText(first)}` });
  });
  return <p class="unseen" aria-live="assertive" data-test="announcer">{text}</p>;
}
