/** The list of pages: each address once, each role from the server's own lists, and a page for whoever may log in to the desk. */
import { afterEach, describe, expect, it } from 'vitest';
import { userRoles } from '#core/user.ts';
import { route } from '#wall/state/route.ts';
import { me } from '#wall/state/session.ts';
import { groups, myPages, pages, shownPage } from './registry.tsx';

const sit = (role: (typeof userRoles)[number], page = 'wall'): void => {
  me.value = { kind: 'user', id: 'u1', name: '张三', role, scopeCode: '350425000000' };
  route.value = { page, id: null, query: {} };
};

describe('the pages', () => {
  afterEach(() => { me.value = null; });

  it('have one address each, and every group has a page', () => {
    expect(new Set(pages.map((p) => p.name)).size).toBe(pages.length);
    for (const page of pages) { expect(groups).toContain(page.group); expect(page.roles.length, page.name).toBeGreaterThan(0); }
  });

  it('show every role only what it may open, and the first of those where the address is another [W8]', () => {
    for (const role of userRoles) {
      sit(role);
      for (const page of myPages.value) expect(page.roles).toContain(role);
      expect(shownPage.value?.roles.includes(role) ?? role === 'caregiver', role).toBe(true);
    }
    sit('installer');
    expect(shownPage.value?.name).not.toBe('wall');
    sit('viewer', 'quarantine');
    expect(shownPage.value).toBeNull();
    sit('viewer', 'nonsense');
    expect(shownPage.value?.name).toBe('wall');
  });
});
