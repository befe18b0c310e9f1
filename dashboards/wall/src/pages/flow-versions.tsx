/** Versions of the flows: who deployed what and when, the difference in words, and the way back. */
import { useSignal } from '@preact/signals';
import type { FieldChange, NodeChange, TabChange, TabSum } from '#core/flow-change.ts';
import { may } from '#core/user.ts';
import { type Problem, post } from '#wall/api/client.ts';
import { dayMinute } from '#wall/format/time.ts';
import { t } from '#wall/i18n/text.ts';
import { problemText } from '#wall/shell/problem.ts';
import { can, me } from '#wall/state/session.ts';
import { say } from '#wall/state/toast.ts';
import { useFetched, Waiting } from './page.tsx';
import { useOpened } from './paging.tsx';

type Version = { id: string; at: number; by: string; byName: string | null; why: 'deploy' | 'rollback' | 'switched-off' | 'found'; fromId: string | null; tabs: number; nodes: number; change: readonly TabSum[] };
/** Whoever may open the editor: they see texts of nodes, and go back. */
export const editsFlows = (): boolean => can(may.editFlows) && (me.value?.scopeCode ?? '').endsWith('000000');
const first = 10;

export function Versions({ on }: { on: boolean }) {
  const found = useFetched<{ versions: Version[]; kept: number }>('/api/v1/flows-versions');
  const open = useSignal<string | null>(null);
  const all = useSignal(false);
  const { versions = [], kept = 0 } = found.value ?? {};
  const newest = versions[0]?.id;
  return (
    <section class="card stack" data-test="flows-versions"><h2>{t('flows.versions')}</h2><p class="dim small">{t('flows.versionsHelp', { n: kept })}</p>
      {found.value === null ? <Waiting problem={found.problem} /> : versions.length === 0 ? <p class="dim">{t('flows.noVersions')}</p> : (
        <table class="table"><thead><tr><th>{t('flows.version')}</th><th>{t('flows.when')}</th><th>{t('flows.who')}</th><th>{t('flows.why')}</th><th>{t('flows.changed')}</th><th /></tr></thead>
          <tbody>{(all.value ? versions : versions.slice(0, first)).map((v) => [
            <tr key={v.id} data-version={v.id}><td class="digits">{v.id}</td><td class="digits">{dayMinute(v.at)}</td><td>{v.byName ?? (v.by === 'house' ? t('flows.house') : v.by)}</td><td>{t(`flowWhy.${v.why}`)}{v.fromId === null ? '' : ` ${v.fromId}`}</td><td>{sumWords(v.change)}</td>
              <td>{editsFlows() && <button type="button" class="small-button" data-test="look-version" aria-expanded={open.value === v.id} onClick={() => { open.value = open.value === v.id ? null : v.id; }}>{t('flows.look')}</button>}</td></tr>,
            open.value === v.id && newest !== undefined && <tr key={`${v.id} open`}><td colSpan={6}><Opened id={v.id} newest={newest} on={on} done={() => { open.value = null; found.again(); }} /></td></tr>,
          ])}</tbody></table>
      )}
      {!all.value && versions.length > first && <button type="button" class="plain" onClick={() => { all.value = true; }}>{t('flows.older', { n: versions.length - first })}</button>}
    </section>
  );
}

const sumWords = (change: readonly TabSum[]): string => change.length === 0 ? t('flows.nothing') : change.map((tab) => {
  const parts = [tab.how === 'added' ? t('flows.tabAdded') : tab.how === 'removed' ? t('flows.tabRemoved') : '', tab.on === null ? '' : t(tab.on === 'on' ? 'flows.tabOn' : 'flows.tabOff'), tab.added > 0 ? t('flows.nAdded', { n: tab.added }) : '', tab.changed > 0 ? t('flows.nChanged', { n: tab.changed }) : '', tab.removed > 0 ? t('flows.nRemoved', { n: tab.removed }) : '', tab.moved > 0 ? t('flows.nMoved', { n: tab.moved }) : ''];
  return `${tab.name || t('flows.noTab')}: ${parts.filter(Boolean).join(t('flows.comma'))}`;
}).join('; ');

function Opened({ id, newest, on, done }: { id: string; newest: string; on: boolean; done(): void }) {
  const found = useOpened<{ change: TabChange[]; back: TabChange[]; secrets: string[] }>(`/api/v1/flows-versions/${id}`);
  const problem = useSignal<Problem | null>(null);
  if (found === null) return <Waiting problem={null} />;
  const restore = async (): Promise<void> => {
    const answer = await post<{ secrets: string[] }>(`/api/v1/flows-versions/${id}/restore`, { newest });
    problem.value = answer.ok ? null : answer.problem;
    if (answer.ok) { say(t('flows.restored')); done(); }
  };
  return (
    <div class="stack" data-test="version">
      <h3>{t('flows.itChanged')}</h3><ChangeWords change={found.change} />
      {id !== newest && <><h3>{t('flows.backWould')}</h3><ChangeWords change={found.back} />
        {found.secrets.length > 0 && <p class="warn" data-test="secrets">{t('flows.secrets', { list: found.secrets.join(', ') })}</p>}
        {problem.value && <p class="trouble" role="alert">{problemText(problem.value)}</p>}
        <p class="buttons"><button type="button" class="strong" disabled={!on} data-test="restore" onClick={() => void restore()}>{t('flows.restore')}</button></p></>}
    </div>
  );
}

function ChangeWords({ change }: { change: readonly TabChange[] }) {
  if (change.length === 0) return <p class="dim">{t('flows.nothing')}</p>;
  return <ul>{change.map((tab) => <li key={tab.id}>{sumWords([{ ...tab, added: countOf(tab, 'added'), removed: countOf(tab, 'removed'), changed: countOf(tab, 'changed') }])}
    {tab.nodes.length > 0 && <ul>{tab.nodes.map((n) => <li key={n.id}>{t(`flowHow.${n.how}`)} {n.name}{n.fields.map((f) => <Field key={f.field} change={f} />)}</li>)}</ul>}</li>)}</ul>;
}
const countOf = (tab: TabChange, how: NodeChange['how']): number => tab.nodes.filter((n) => n.how === how).length;

function Field({ change: { field, before, after } }: { change: FieldChange }) {
  return <div class="small"><code>{field}</code> <del>{before ?? '–'}</del> → <ins>{after ?? '–'}</ins></div>;
}
