/** A dialog that takes and gives back the focus; Escape closes it. The native element does the trapping. */
import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { t } from '#wall/i18n/text.ts';

export function Dialog({ title, onClose, children, wide = false }: { title: string; onClose(): void; children: ComponentChildren; wide?: boolean }) {
  const box = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const before = document.activeElement as HTMLElement | null;
    box.current?.showModal();
    return () => before?.focus?.();
  }, []);
  return (
    <dialog ref={box} class={`dialog${wide ? ' wide' : ''}`} aria-label={title} onCancel={(event) => { event.preventDefault(); onClose(); }}>
      <header class="dialog-head"><h2>{title}</h2><button type="button" class="tool" onClick={onClose}>{t('common.close')}</button></header>
      <div class="dialog-body">{children}</div>
    </dialog>
  );
}
