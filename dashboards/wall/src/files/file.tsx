/** The frame of one file: fetched, shown in plain text only when somebody asks (audited), with the way back to the list it came from. */
import { useSignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { useEffect } from 'preact/hooks';
import { get, type Problem, post } from '#wall/api/client.ts';
import { t } from '#wall/i18n/text.ts';
import { Waiting } from '#wall/pages/page.tsx';
import { sayProblem } from '#wall/state/toast.ts';
import { backTo } from './list.tsx';

export type Loaded<T> = { value: T | null; problem: Problem | null; again(): void };
/** One thing of the server; asked again by `again`, kept on screen meanwhile. */
export function useOne<T>(path: string): Loaded<T> {
  const state = useSignal<{ path: string; value: T | null; problem: Problem | null }>({ path, value: null, problem: null });
  const again = (): void => {
    void get<T>(path).then((answer) => {
      const { path: now, value } = state.peek();
      if (now === path) state.value = answer.ok ? { path, value: answer.value, problem: null } : { path, value, problem: answer.problem };
    });
  };
  useEffect(() => { state.value = { path, value: null, problem: null }; again(); }, [path]);
  return { value: state.value.path === path ? state.value.value : null, problem: state.value.problem, again };
}

/** The plain text of one file: held while its page is open, never before it was asked for. */
export function useReveal<P>(path: string): { plain: P | null; busy: boolean; show(): Promise<void>; hide(): void; /** what was saved, on top */ merge(changes: Partial<P>): void } {
  const plain = useSignal<P | null>(null);
  const busy = useSignal(false);
  useEffect(() => { plain.value = null; }, [path]);
  return {
    plain: plain.value, busy: busy.value,
    async show() {
      busy.value = true;
      const answer = await post<P>(`${path}/reveal`, {}, false);
      busy.value = false;
      if (answer.ok) plain.value = answer.value; else sayProblem(answer.problem);
    },
    hide() { plain.value = null; },
    merge(changes) { if (plain.value !== null) plain.value = { ...plain.value, ...changes }; },
  };
}

export function FilePage({ list, title, marks, tools, aside, children, test }: { list: string; title: ComponentChildren; marks?: ComponentChildren; tools?: ComponentChildren; aside?: ComponentChildren; children: ComponentChildren; test: string }) {
  return (
    <main class="page" data-test={test}>
      <div class="page-inner wide">
        <header class="file-head"><a class="plain" data-test="back" href={backTo(list)}>{t('act.back')}</a><h1>{title}</h1><span class="marks">{marks}</span><span class="grow" />{tools}</header>
        <div class={aside ? 'file-columns' : undefined}><div class="file-main">{children}</div>{aside && <aside class="file-aside">{aside}</aside>}</div>
      </div>
    </main>
  );
}

/** While it is fetched, or why not. */
export const FileWaiting = ({ list, problem }: { list: string; problem: Problem | null }) => <FilePage list={list} title="" test="file-waiting"><Waiting problem={problem} /></FilePage>;

export function RevealButton({ reveal }: { reveal: { plain: unknown; busy: boolean; show(): Promise<void>; hide(): void } }) {
  return reveal.plain === null
    ? <button type="button" class="plain" data-test="reveal" disabled={reveal.busy} title={t('case.revealNote')} onClick={() => void reveal.show()}>{t('act.reveal')}</button>
    : <button type="button" class="plain" data-test="hide" onClick={reveal.hide}>{t('act.hide')}</button>;
}

export function Card({ title, tools, children, test }: { title: string; tools?: ComponentChildren; children: ComponentChildren; test?: string }) {
  return <section class="card aside-card" data-test={test} aria-label={title}><h2>{title}<span class="grow" />{tools}</h2>{children}</section>;
}
