/** 值班台: the queue, the county or the open case, side by side; a part that breaks leaves the others alone. The case's code comes right after the first rows. */
import { useEffect } from 'preact/hooks';
import { Overview } from '#wall/case/overview.tsx';
import { CountyMap } from '#wall/map/county-map.tsx';
import { Queue } from '#wall/queue/queue.tsx';
import { Guard } from '#wall/shell/guard.tsx';
import { late } from '#wall/shell/late.tsx';
import { selected } from '#wall/state/selection.ts';

const CasePanel = late(async () => (await import('#wall/case/panel.tsx')).CasePanel);

export function Wall() {
  useEffect(() => { void CasePanel.fetch(); }, []);
  return (
    <main class={`wall${selected.value === null ? '' : ' with-case'}`}>
      <Queue />
      <Guard><CountyMap /></Guard>
      <Guard key={selected.value ?? ''}>{selected.value === null ? <Overview /> : <CasePanel />}</Guard>
    </main>
  );
}
