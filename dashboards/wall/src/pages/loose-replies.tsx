/** Answers that no case shows: strangers, what nobody understood, who opted out. Looked at, they leave the list; a stranger's is bound on a case. */
import { may } from '#core/user.ts';
import { post } from '#wall/api/client.ts';
import { roleText } from '#wall/case/people.tsx';
import { dayMinute } from '#wall/format/time.ts';
import { maybeText, t } from '#wall/i18n/text.ts';
import { can } from '#wall/state/session.ts';
import { sayProblem } from '#wall/state/toast.ts';
import { useFetched } from './page.tsx';

type Loose = { id: string; result: string; receivedAt: number; from: string; text: string; role: string | null; name: string | null };

export function LooseReplies() {
  const list = useFetched<{ replies: Loose[] }>('/api/v1/replies');
  const rows = list.value?.replies ?? [];
  const done = async (id: string): Promise<void> => {
    const answer = await post(`/api/v1/replies/${id}/done`, {}, false);
    if (!answer.ok) sayProblem(answer.problem);
    list.again();
  };
  if (rows.length === 0) return null;
  return (
    <section class="card scroll" data-test="loose" aria-label={t('loose.title')}>
      <h2>{t('loose.title')}</h2><p class="dim small">{t('loose.help')}</p>
      <table class="table"><tbody>{rows.map((r) => (
        <tr key={r.id} data-reply={r.id} data-result={r.result}>
          <td class="digits"><time>{dayMinute(r.receivedAt)}</time></td>
          <td>{r.role === null ? t('loose.stranger') : `${roleText(r.role)} ${r.name ?? ''}`} <span class="digits dim">{r.from}</span></td>
          <td><b>{maybeText(`log.${r.result}`) ?? r.result}</b> {r.text}</td>
          <td>{can(may.act) && <button type="button" class="small-button" data-test="loose-done" onClick={() => void done(r.id)}>{t('act.done')}</button>}</td>
        </tr>
      ))}</tbody></table>
    </section>
  );
}
