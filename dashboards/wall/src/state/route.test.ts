/** Addresses: what is written is read again, and nothing odd breaks a page. */
import { describe, expect, it } from 'vitest';
import { hashOf, keepUnsaved, leaveFor, leaving, parseRoute, unsaved } from './route.ts';

describe('addresses of pages', () => {
  it('come back as they were written, with file and filters', () => {
    for (const [page, id, query] of [['people', null, {}], ['people', 'p-1', {}], ['homes', null, { region: '350425203000', q: '陈 水&?#/' }], ['devices', 'd/é', { tab: 'a=b' }]] as const)
      expect(parseRoute(hashOf(page, id, query))).toEqual({ page, id, query });
  });

  it('leave empty filters out and take odd ones as the first page', () => {
    expect(hashOf('people', null, { q: '', region: '' })).toBe('#/people');
    for (const odd of ['', '#', '#/', '#/%E0%A4%A']) expect(parseRoute(odd)).toEqual({ page: 'wall', id: null, query: {} });
    expect(parseRoute('#/people/%E0%A4%A?x=')).toEqual({ page: 'people', id: null, query: {} });
  });
});

describe('leaving what is not saved', () => {
  it('asks once, and goes only when told to', () => {
    let gone = 0;
    leaveFor(() => { gone++; });
    expect([gone, leaving.value]).toEqual([1, null]);
    unsaved.value = true;
    leaveFor(() => { gone++; });
    expect(gone).toBe(1);
    leaving.value?.();
    expect([gone, unsaved.value]).toEqual([2, false]);
    leaving.value = null;
  });

  it('knows which of two forms is not saved', () => {
    const [page, dialog] = [{}, {}];
    const gone: string[] = [];
    keepUnsaved(page, true);
    keepUnsaved(dialog, false);
    leaveFor(() => gone.push('dialog'), dialog);
    leaveFor(() => gone.push('page'));
    expect([gone, unsaved.value]).toEqual([['dialog'], true]);
    keepUnsaved(page, false);
    expect(unsaved.value).toBe(false);
    leaving.value = null;
  });
});
