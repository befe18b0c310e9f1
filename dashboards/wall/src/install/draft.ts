/** What is being typed survives a reload: kept per telephone until the step is kept or its visit is gone. */
import { type Signal, useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';

const name = (key: string): string => `anling.install.${key}`;
const read = (key: string): string | null => { try { return localStorage.getItem(name(key)); } catch { return null; } };
const write = (key: string, text: string): void => { try { if (text === '') localStorage.removeItem(name(key)); else localStorage.setItem(name(key), text); } catch { /* not kept */ } };

export function useDraft(key: string, initial = ''): Signal<string> {
  const draft = useSignal(read(key) ?? initial);
  useEffect(() => draft.subscribe((text) => write(key, text === initial ? '' : text)), [key]);
  return draft;
}
export const forget = (key: string): void => write(key, '');
