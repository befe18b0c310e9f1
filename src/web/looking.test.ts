/** 正在查看: told to the others, within their scope, once, and gone with the tab or with its beats. */
import { expect, it } from 'vitest';
import { limits } from '#core/limits.ts';
import type { HubClient } from './hub.ts';
import { Looking } from './looking.ts';

const seat = (scopeCode: string, more: Partial<HubClient> = {}): HubClient & { heard: string[] } => {
  const heard: string[] = [];
  return { tabId: 't', scopeCode, desk: true, credential: Buffer.alloc(1), sent: 0, live: true, heard, send: (text) => heard.push(text), buffered: () => 0, close: () => {}, ask: () => 0, ...more };
};

it('tells each other seat who has what open, nobody of himself, nothing outside a scope, to no viewer, and not to a slow socket until it keeps up', () => {
  let now = 0;
  let full = limits.socketBufferBytes;
  const [one, other, town, viewer, slow] = [seat('350425000000'), seat('350425000000'), seat('350425201000'), seat('350425000000', { desk: false }), seat('350425000000', { buffered: () => full })];
  const looking = new Looking({ clients: new Set([one, other, town, viewer, slow]) }, () => now);
  looking.set(one, { id: '7', regionCode: '350425100001', name: '李四' });
  looking.send();
  looking.send();
  const told = '{"type":"looking","cases":[{"id":"7","who":["李四"]}]}';
  expect([one.heard, other.heard, town.heard, viewer.heard, slow.heard]).toEqual([[], [told], [], [], []]);
  full = 0;
  looking.send();
  expect(slow.heard).toEqual([told]);
  looking.set(one, { id: '8', regionCode: '350425201001', name: '李四' });
  looking.send();
  expect(town.heard).toEqual([told.replace('"7"', '"8"')]);
  now = limits.lookMs - 1;
  looking.still(one);
  now += limits.lookMs;
  looking.send();
  expect(town.heard).toHaveLength(1); // it beat in time
  now += 1;
  looking.send(); // it has not since: a PC that was switched off says no goodbye
  expect(town.heard.at(-1)).toBe('{"type":"looking","cases":[]}');
});
