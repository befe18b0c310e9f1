/** What this browser remembers of its user's taste: theme and language. Nothing personal. */
import { effect, signal } from '@preact/signals';
import { type Lang, lang, loadEnglish } from '#wall/i18n/text.ts';

/** `wall`: dark and neutral, for the duty room at night. `desk`: light grey, for the day. */
export type Theme = 'wall' | 'desk';
export const theme = signal<Theme>('wall');

export const recall = (key: string): string | null => { try { return localStorage.getItem(key); } catch { return null; } };
export const remember = (key: string, value: string): void => { try { localStorage.setItem(key, value); } catch { /* private mode: then not */ } };

/** Reads the choices and keeps the page's attributes in step with them; resolves when the words of the chosen language are there. */
export async function startSettings(): Promise<void> {
  const chosenTheme = recall('anling.theme');
  theme.value = chosenTheme === 'desk' || chosenTheme === 'wall' ? chosenTheme : matchMedia('(prefers-color-scheme: light)').matches ? 'desk' : 'wall';
  effect(() => { document.documentElement.dataset['theme'] = theme.value; });
  effect(() => { document.documentElement.lang = lang.value === 'zh' ? 'zh-CN' : 'en'; });
  if (recall('anling.lang') === 'en') await speak('en');
}

export function chooseTheme(value: Theme): void { theme.value = value; remember('anling.theme', value); }
export function chooseLang(value: Lang): void { void speak(value); remember('anling.lang', value); }
async function speak(value: Lang): Promise<void> { if (value === 'zh' || (await loadEnglish())) lang.value = value; }
