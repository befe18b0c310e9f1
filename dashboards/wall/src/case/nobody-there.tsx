/** 无人可叫 (E10): what it means, and the way to the people of that village. */
import type { AlertView } from '#core/live.ts';
import { t } from '#wall/i18n/text.ts';
import { hashOf } from '#wall/state/route.ts';

export function NobodyThere({ alert }: { alert: AlertView }) {
  const villages = typeof alert.summary['villages'] === 'number' ? alert.summary['villages'] : 1;
  const code = alert.regionCode ?? '';
  return (
    <section class="part" data-test="nobody-there">
      <p>{villages > 1 ? t('reach.noticeMany', { n: villages }) : t('reach.notice')}</p>
      <p><a class="strong" href={code.endsWith('000') ? hashOf('reach', null, { region: code, level: 'nobody' }) : hashOf('reach', code)}>{t('reach.title')}</a></p>
    </section>
  );
}
