/** 值班台: the queue, the county or the open case, side by side; a part that breaks leaves the others alone. */
import { CasePanel } from '#wall/case/panel.tsx';
import { CountyMap } from '#wall/map/map.tsx';
import { Queue } from '#wall/queue/queue.tsx';
import { Guard } from '#wall/shell/guard.tsx';
import { selected } from '#wall/state/selection.ts';

export function Wall() {
  return (
    <main class={`wall${selected.value === null ? '' : ' with-case'}`}>
      <Queue />
      <Guard><CountyMap /></Guard>
      <Guard key={selected.value ?? ''}><CasePanel /></Guard>
    </main>
  );
}
