/** A drill as the pages know it, and what became of it in words. */
import type { EventKind } from '#core/event.ts';
import { t } from '#wall/i18n/text.ts';

export type Drill = {
  id: string; name: string; kind: EventKind; town: string | null; village: string | null; startedBy: string; startedAt: number; endedAt: number | null; how: 'done' | 'stopped' | 'yielded' | null; cases: number; answered: number; open: number; demo: boolean;
};

export function HowText({ drill: d }: { drill: Drill }) {
  return <>{d.how === null ? <b class="warn">{t('drill.how.running', { n: d.open })}</b> : t(`drill.how.${d.how}`)} <span class="digits dim">{t('drill.answeredOf', { n: d.answered, of: d.cases })}</span></>;
}
