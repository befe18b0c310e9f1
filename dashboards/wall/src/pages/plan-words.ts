/** What the linter says of a plan, in the page's language; and a plan while it is being written. */
import type { Plan } from '#core/escalation.ts';
import { lang, maybeText } from '#wall/i18n/text.ts';

export type Draft = Pick<Plan, 'name' | 'kinds' | 'steps' | 'roundS' | 'desk' | 'priority' | 'hours' | 'risk'> & { scopeCode: string };
export type Warning = { code: string; text: string; fields: readonly string[]; n: number };

/** The server's own words are Chinese. */
export const warningText = (w: Warning): string => (lang.value === 'zh' ? w.text : maybeText(`lint.${w.code.split(':')[0]}`)?.replace('{n}', String(w.n)) ?? w.text);
