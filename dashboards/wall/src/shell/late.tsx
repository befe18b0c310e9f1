/** A part whose code comes after the first row: fetched when it is wanted, or in good time before that, because nothing can be fetched while the server is away. */
import { signal } from '@preact/signals';
import type { JSX } from 'preact';
import { useEffect } from 'preact/hooks';
import { t } from '#wall/i18n/text.ts';

/** A component as the types of a page know it, whether it ever is nothing or not. */
type Shown = JSX.Element | null;
export type Late<Props extends object = Record<never, never>> = ((props: Props) => Shown) & { fetch(): Promise<void> };

export function late<Props extends object = Record<never, never>>(load: () => Promise<(props: Props) => Shown>): Late<Props> {
  const part = signal<((props: Props) => Shown) | null>(null);
  const failed = signal(false);
  const fetch = async (): Promise<void> => {
    if (part.peek() !== null) return;
    failed.value = false;
    await load().then((component) => { part.value = component; }, () => { failed.value = true; });
  };
  const Part = (props: Props): JSX.Element => {
    useEffect(() => { void fetch(); }, []);
    const Shown = part.value;
    if (Shown !== null) return <Shown {...props} />;
    return <section class="page"><p class="empty dim">{failed.value ? <>{t('error.offline')} <button type="button" class="plain" onClick={() => void fetch()}>{t('act.again')}</button></> : t('common.loading')}</p></section>;
  };
  return Object.assign(Part, { fetch });
}
