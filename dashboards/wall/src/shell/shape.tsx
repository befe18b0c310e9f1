/** The mark of a priority: shape, text and colour together, so that none of them is needed alone (▲ ● ◆ ▪). */
import type { Priority } from '#core/event.ts';

const paths: Record<Priority, string> = {
  1: 'M12 2.5 22.5 21h-21Z', 2: 'M12 2.5a9.5 9.5 0 1 1 0 19 9.5 9.5 0 0 1 0-19Z', 3: 'M12 1.5 22.5 12 12 22.5 1.5 12Z', 4: 'M5 5h14v14H5Z',
};

/** The path of a mark in a 24 x 24 box; the map draws with it too. */
export const shapePath = (priority: Priority): string => paths[priority];

export function Shape({ priority, hollow = false }: { priority: Priority; hollow?: boolean }) {
  return (
    <svg class={`shape p${priority}${hollow ? ' hollow' : ''}`} viewBox="0 0 24 24" aria-hidden="true" focusable="false"><path d={paths[priority]} /></svg>
  );
}

/** The mark with its text: ▲ P1. */
export function PriorityMark({ priority, hollow = false }: { priority: Priority; hollow?: boolean }) {
  return <span class={`mark p${priority}`}><Shape priority={priority} hollow={hollow} /><b>P{priority}</b></span>;
}
