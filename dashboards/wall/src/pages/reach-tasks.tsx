/** Numbers to be mended (2.17), as a list that a village works through: a new number or an answer ends a task by itself, a human by his word. */
import { may } from '#core/user.ts';
import { post } from '#wall/api/client.ts';
import { roleText } from '#wall/case/people.tsx';
import { ago, word } from '#wall/files/words.tsx';
import { t } from '#wall/i18n/text.ts';
import { hashOf } from '#wall/state/route.ts';
import { can } from '#wall/state/session.ts';
import { say, sayProblem } from '#wall/state/toast.ts';
import { useFetched, Waiting } from './page.tsx';
import { filter, Sure, withQuery } from './paging.tsx';

type Task = { id: string; party: string; role: string | null; name: string | null; phone: string | null; personId: string | null; town: string | null; village: string | null; reason: string; openedAt: number };

export function NumberTasks() {
  const list = useFetched<{ tasks: readonly Task[] }>(withQuery('/api/v1/assurance/tasks', { region: filter('region') }));
  const close = async (task: Task, how: 'mended' | 'dismissed'): Promise<void> => {
    const answer = await post(`/api/v1/assurance/tasks/${task.id}/close`, { how });
    if (answer.ok) say(t('set.saved')); else sayProblem(answer.problem);
    list.again();
  };
  const tasks = list.value?.tasks ?? [];
  return (
    <section class="card scroll" data-test="number-tasks">
      <h2>{t('reach.tasks')} <span class="digits dim">{tasks.length}</span></h2>
      <p class="dim">{t('reach.tasksHelp')}</p>
      {list.value === null ? <Waiting problem={list.problem} /> : tasks.length === 0 ? <p class="empty">{t('reach.noTasks')}</p> : (
        <table class="table">
          <thead><tr><th>{t('reach.village')}</th><th>{t('reach.who')}</th><th>{t('reach.phone')}</th><th>{t('reach.reasonHead')}</th><th>{t('reach.opened')}</th><th class="no-print" /></tr></thead>
          <tbody>{tasks.map((task) => (
            <tr key={task.id} data-task={task.id}>
              <td>{[task.town, task.village].filter(Boolean).join(' ')}</td>
              <td><a href={task.personId === null ? hashOf('responders', task.party.slice('responder:'.length)) : hashOf('people', task.personId)}>{task.role && roleText(task.role)} {task.name}</a></td>
              <td class="digits">{task.phone}</td><td>{word('reach.reason', task.reason)}</td><td>{ago(task.openedAt)}</td>
              <td class="no-print">{can(may.closeNumbers) && <span class="buttons"><Sure label={t('act.mended')} test="mended" run={() => void close(task, 'mended')} /><Sure label={t('act.leaveIt')} test="dismissed" run={() => void close(task, 'dismissed')} /></span>}</td>
            </tr>
          ))}</tbody>
        </table>
      )}
    </section>
  );
}
