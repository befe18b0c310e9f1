import { mkdtempSync, rmSync, utimesSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { commitAgeMs, markCommit } from './commit-mark.ts';
import { uptimeMs } from './machine.ts';

let data: string;
beforeEach(() => { data = mkdtempSync(join(tmpdir(), 'anling-mark-')); });
afterEach(() => rmSync(data, { recursive: true, force: true }));

it('is infinitely old before the first commit, and fresh after one', () => {
  expect(commitAgeMs(data)).toBe(Number.POSITIVE_INFINITY);
  markCommit(data);
  expect(commitAgeMs(data)).toBeLessThan(1_000);
});

it('ages by the uptime of the machine; one from before its last start says nothing', () => {
  markCommit(data);
  const file = join(data, 'standby', 'commits');
  utimesSync(file, (uptimeMs() - 5_000) / 1_000, (uptimeMs() - 5_000) / 1_000);
  expect(commitAgeMs(data)).toBeGreaterThanOrEqual(4_900);
  utimesSync(file, (uptimeMs() + 60_000) / 1_000, (uptimeMs() + 60_000) / 1_000);
  expect(commitAgeMs(data)).toBe(Number.POSITIVE_INFINITY);
  markCommit(data);
  expect(commitAgeMs(data)).toBeLessThan(1_000);
});

it('a folder that takes nothing breaks nobody', () => {
  markCommit('/dev/null/none');
  expect(commitAgeMs('/dev/null/none')).toBe(Number.POSITIVE_INFINITY);
});
