/** The frame of the simple pages: a title, a sentence, and what was fetched or why not. */
import { useSignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { useEffect } from 'preact/hooks';
import { get, type Problem } from '#wall/api/client.ts';
import { t } from '#wall/i18n/text.ts';
import { problemText } from '#wall/shell/problem.ts';

export function Page({ title, help, onRefresh, children, test }: { title: string; help: string; onRefresh?: () => void; children: ComponentChildren; test: string }) {
  return (
    <main class="page" data-test={test}>
      <div class="page-inner">
        <header class="page-head"><h1>{title}</h1><p>{help}</p>{onRefresh && <button type="button" class="plain" onClick={onRefresh}>{t('act.refresh')}</button>}</header>
        {children}
      </div>
    </main>
  );
}

/** One GET when the page opens, and again by `again`. */
export function useFetched<T>(path: string): { value: T | null; problem: Problem | null; again(): void } {
  const value = useSignal<T | null>(null);
  const problem = useSignal<Problem | null>(null);
  const again = (): void => {
    void get<T>(path).then((answer) => { if (answer.ok) { value.value = answer.value; problem.value = null; } else problem.value = answer.problem; });
  };
  useEffect(again, [path]);
  return { value: value.value, problem: problem.value, again };
}

/** Loading, trouble or nothing, in words. */
export function Waiting({ problem }: { problem: Problem | null }) {
  return problem ? <p class="trouble">{problemText(problem)}</p> : <p class="dim">{t('common.loading')}</p>;
}
