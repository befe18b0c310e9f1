/** A failed request in words a tired operator understands; a conflict names who was first. */
import { duration } from '#wall/format/time.ts';
import type { Problem } from '#wall/api/client.ts';
import { lang, maybeText, t } from '#wall/i18n/text.ts';
import { serverNow } from '#wall/state/wall.ts';

export function problemText(problem: Problem): string {
  if (problem.status === 0) return t('error.offline');
  if (problem.code === 'E_CONFLICT') {
    const { by, at } = problem.more as { by?: string | null; at?: number | null };
    if (by == null && at == null) return t('error.conflictNobody');
    return t('error.E_CONFLICT', { who: by ?? t('error.somebody'), ago: at == null ? '?' : duration(serverNow.value - at, lang.value) });
  }
  if (problem.code === 'E_INVALID') return t('error.E_INVALID', { fields: problem.fields.map((f) => f.field).join(', ') || problem.message });
  return maybeText(`error.${problem.code}`) ?? t('error.other', { code: problem.code });
}
