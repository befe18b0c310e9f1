/** A wall around each part of the page: a part that breaks says so, the queue and the sound go on. */
import type { ComponentChildren } from 'preact';
import { useErrorBoundary } from 'preact/hooks';
import { t } from '#wall/i18n/text.ts';

export function Guard({ children }: { children: ComponentChildren }) {
  const [error, reset] = useErrorBoundary((broken) => console.error('a part of the page broke', broken));
  if (!error) return <>{children}</>;
  return <section class="broken" role="alert" data-test="broken"><p><b>{t('broken.text')}</b></p><button type="button" class="plain" onClick={reset}>{t('act.again')}</button></section>;
}
