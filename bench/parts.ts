/** What a part of the bench is, and what it may use. The parts themselves stand in run.ts. */
import type { BenchHouse } from './house.ts';
import type { Figure } from './results.ts';

export type Stage = {
  /** A smoke run: everything runs, no figure means much. */ quick: boolean;
  /** The one house of this run, started by the first part that wants it. */ house(): Promise<BenchHouse>;
  /** A line that stands below the table. */ note(line: string): void;
  /** Progress, for who watches. */ say(line: string): void;
};
export type Part = {
  name: string; about: string;
  run(stage: Stage): Promise<Figure[]>;
};
