/** What this browser remembers of its user's taste: theme and language. Nothing personal. */
import { effect, signal } from '@preact/signals';
import { type Lang, lang } from '#wall/i18n/text.ts';

/** `wall`: dark and neutral, for the duty room at night. `desk`: light grey, for the day. */
export type Theme = 'wall' | 'desk';
export const theme = signal<Theme>('wall');

const remembered = (key: string): string | null => { try { return localStorage.getItem(key); } catch { return null; } };
const remember = (key: string, value: string): void => { try { localStorage.setItem(key, value); } catch { /* private mode: then not */ } };

/** Reads the choices and keeps the page's attributes in step with them. */
export function startSettings(): void {
  const chosenTheme = remembered('anling.theme');
  theme.value = chosenTheme === 'desk' || chosenTheme === 'wall' ? chosenTheme : matchMedia('(prefers-color-scheme: light)').matches ? 'desk' : 'wall';
  const chosenLang = remembered('anling.lang');
  lang.value = chosenLang === 'en' || chosenLang === 'zh' ? chosenLang : 'zh';
  effect(() => { document.documentElement.dataset['theme'] = theme.value; });
  effect(() => { document.documentElement.lang = lang.value === 'zh' ? 'zh-CN' : 'en'; });
}

export function chooseTheme(value: Theme): void { theme.value = value; remember('anling.theme', value); }
export function chooseLang(value: Lang): void { lang.value = value; remember('anling.lang', value); }
