/** Pictures that responders sent: that there are some is seen, what is on them only by an audited press. */
import { useSignal, useSignalEffect } from '@preact/signals';
import type { AlertView } from '#core/live.ts';
import type { CaseInFull } from '#wall/api/case.ts';
import { get, post } from '#wall/api/client.ts';
import { dayMinute } from '#wall/format/time.ts';
import { t } from '#wall/i18n/text.ts';
import { caseAlert } from '#wall/state/case.ts';
import { mayAct } from '#wall/state/session.ts';
import { sayProblem } from '#wall/state/toast.ts';
import { roleText } from './people.tsx';

type Photo = { party: string; at: number };
/** Only who goes, or is there, sends pictures: no other case is asked. */
const sends: ReadonlySet<string> = new Set(['accepted', 'arrived', 'need-help', 'done']);

export function Photos({ alert, full }: { alert: AlertView; full: CaseInFull | null }) {
  const list = useSignal<{ id: string; photos: readonly Photo[] } | null>(null);
  const shown = useSignal<{ key: string; url: string } | null>(null);
  const wanted = useSignal(false);
  wanted.value = mayAct.value && (full?.engagements ?? []).some((e) => sends.has(e.state));
  useSignalEffect(() => { // again at every change of the case
    const id = caseAlert.value?.id;
    if (id === undefined || !wanted.value) return;
    void get<{ photos: Photo[] }>(`/api/v1/alerts/${id}/photos`).then((answer) => { if (answer.ok) list.value = { id, photos: answer.value.photos }; });
  });
  const open = async (party: string): Promise<void> => {
    const answer = await post<{ type: string; data: string }>(`/api/v1/alerts/${alert.id}/photos/open`, { party }, false);
    if (answer.ok) shown.value = { key: `${alert.id} ${party}`, url: `data:${answer.value.type};base64,${answer.value.data}` }; else sayProblem(answer.problem);
  };
  const photos = list.value?.id === alert.id ? list.value.photos : [];
  if (!wanted.value || photos.length === 0) return null;
  const who = (party: string): string => { const e = full?.engagements.find((x) => x.party === party); return e ? `${roleText(e.role ?? 'other')} ${e.name ?? ''}` : party; };
  return (
    <section class="part" aria-label={t('photo.title')} data-test="photos">
      <h3>{t('photo.title')}</h3>
      {photos.map((p) => (
        <div key={p.party}><p>{t('photo.from', { who: who(p.party), time: dayMinute(p.at) })} <button type="button" class="small-button" data-test="open-photo" title={t('photo.shownNote')} onClick={() => void open(p.party)}>{t('act.look')}</button></p>
          {shown.value?.key === `${alert.id} ${p.party}` && <img class="case-photo" src={shown.value.url} alt={t('photo.from', { who: who(p.party), time: dayMinute(p.at) })} />}</div>
      ))}
    </section>
  );
}
