/** The navigation: groups of pages, each a link or a menu of links; by keys Tab and arrows move, Escape closes and stays on the group. */
import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { t } from '#wall/i18n/text.ts';
import { type Group, groups, myPages, type PageEntry, shownPage } from '#wall/pages/registry.tsx';
import { hashOf } from '#wall/state/route.ts';

export function Nav() {
  const open = useSignal<Group | null>(null);
  const box = useRef<HTMLElement>(null);
  const isOpen = open.value !== null;
  useEffect(() => {
    if (!isOpen) return;
    const outside = (event: PointerEvent): void => { if (!box.current?.contains(event.target as Node)) open.value = null; };
    addEventListener('pointerdown', outside);
    return () => removeEventListener('pointerdown', outside);
  }, [isOpen]);
  const press = (event: KeyboardEvent): void => { if (box.current && move(box.current, event, open)) { event.preventDefault(); event.stopPropagation(); } };
  return (
    <nav ref={box} class="tabs" aria-label={t('nav.label')} onKeyDown={press}
      onFocusOut={(event) => { if (event.relatedTarget instanceof Node && !box.current?.contains(event.relatedTarget)) open.value = null; }}>
      {groups.map((group) => {
        const mine = myPages.value.filter((page) => page.group === group);
        const [only] = mine;
        if (!only) return null;
        if (mine.length === 1) return <PageLink key={group} page={only} top />;
        const here = mine.find((page) => page === shownPage.value);
        return (
          <div key={group} class="menu" data-group={group}>
            <button type="button" class="menu-button" data-top aria-expanded={open.value === group} aria-controls={`menu-${group}`} aria-current={here ? 'true' : undefined} onClick={() => { open.value = open.value === group ? null : group; }}>
              {t(`nav.${group}`)}{here && <span class="menu-here">{t(here.label)}</span>}<i aria-hidden="true" class="menu-mark" />
            </button>
            {open.value === group && <ul id={`menu-${group}`} class="menu-list">{mine.map((page) => <li key={page.name}><PageLink page={page} onGo={() => { open.value = null; }} /></li>)}</ul>}
          </div>
        );
      })}
    </nav>
  );
}

function PageLink({ page, top = false, onGo }: { page: PageEntry; top?: boolean; onGo?: () => void }) {
  return <a href={hashOf(page.name)} data-page={page.name} data-top={top ? true : undefined} aria-current={shownPage.value === page ? 'page' : undefined} onClick={onGo}>{t(page.label)}</a>;
}

/** One key inside the navigation; true when it meant something here. */
function move(box: HTMLElement, event: KeyboardEvent, open: { value: Group | null }): boolean {
  const target = event.target as HTMLElement;
  const menu = target.closest<HTMLElement>('.menu');
  const tops = [...box.querySelectorAll<HTMLElement>('[data-top]')];
  const step = (all: readonly HTMLElement[], from: HTMLElement | null, by: number): true => { all[((from === null ? -1 : all.indexOf(from)) + by + all.length) % all.length]?.focus(); return true; };
  const button = menu?.querySelector<HTMLElement>('.menu-button') ?? null;
  switch (event.key) {
    case 'Escape': if (open.value === null) return false; open.value = null; button?.focus(); return true;
    case 'ArrowRight': case 'ArrowLeft': open.value = null; return step(tops, button ?? target, event.key === 'ArrowRight' ? 1 : -1);
    case 'ArrowDown': case 'ArrowUp': {
      if (menu === null) return false;
      open.value = menu.dataset['group'] as Group;
      const by = event.key === 'ArrowDown' ? 1 : -1;
      requestAnimationFrame(() => { const links = [...menu.querySelectorAll('a')]; step(links, target === button ? (by === 1 ? null : (links[0] ?? null)) : target, by); });
      return true;
    }
    default: return false;
  }
}
