/** The keyboard path: choose, claim, dispatch, note, close without a mouse. Off while somebody types, also inside an input method. */
import { shownPage } from '#wall/pages/registry.tsx';
import { openPhoneIn } from '#wall/state/dialogs.ts';
import { held, moveSelection, select, selected } from '#wall/state/selection.ts';
import { isUnclaimed } from '#wall/queue/order.ts';
import { openSearch } from '#wall/queue/search.tsx';
import { claim, escalate, heldByOther, justClaimed, mayEscalate } from '#wall/state/actions.ts';
import { answer, endTalking, ringing, startTalking, talking } from '#wall/state/calls.ts';
import { readOnly } from '#wall/state/away.ts';
import { togglePin } from '#wall/state/board.ts';
import { focusPart, script, setAside } from '#wall/state/case.ts';
import { goToCase } from '#wall/state/map.ts';
import { mayAct, me } from '#wall/state/session.ts';
import { search, searching } from '#wall/state/search.ts';
import { muteNow } from '#wall/state/sounding.ts';
import { live } from '#wall/state/wall.ts';
import { helpOpen } from './help.tsx';

const typing = (target: EventTarget | null): boolean => target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));

/** What the key does on the wall; true when it did something. */
function press(key: string, onButton: boolean): boolean {
  const alert = live.value.alerts.get(selected.value ?? '');
  switch (key) {
    case 'ArrowDown': moveSelection(1); return true;
    case 'ArrowUp': moveSelection(-1); return true;
    case '/': openSearch(); return true;
    case '?': helpOpen.value = true; return true;
    case 'Escape': if (searching.value !== null) { search(null); return true; } if (selected.value === null) return false; select(null); return true;
    case 'm': case 'M': muteNow(); return true;
    case 'v': case 'V': if (!mayAct.value) return false; if (talking.value) endTalking(); else startTalking(); return true;
    case 'g': case 'G': return goToCase();
    case 'p': case 'P': if (!mayAct.value) return false; openPhoneIn(); return true;
    case 'o': case 'O': { const [call] = ringing.value; if (!mayAct.value || !call) return false; void answer(call); return true; }
    default:
  }
  if (!alert || !mayAct.value || readOnly.value) return false;
  switch (key) {
    case 'Enter': case 'a': case 'A': if (!isUnclaimed(alert) || (key === 'Enter' && onButton)) return false; void claim(alert); return true; // Enter on a button means that button
    case 't': case 'T': if (!heldByOther(alert) || justClaimed(alert)) return false; void claim(alert); return true;
    case 'd': case 'D': return focusPart('responders');
    case 'e': case 'E': if (!mayEscalate(alert)) return false; void escalate(alert); return true;
    case 'c': case 'C': return focusPart('contacts');
    case 'n': case 'N': return focusPart('note');
    case 'x': case 'X': return focusPart('close');
    case 's': case 'S': return setAside('shelve');
    case 'b': case 'B': return setAside('callback');
    case 'k': case 'K': void togglePin(alert.id); return true;
    default: return /^[1-9]$/.test(key) && script.take(Number(key));
  }
}

export function startKeyboard(): void {
  addEventListener('keydown', (event) => {
    if (shownPage.value?.name !== 'wall' || !me.value || helpOpen.value || event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return;
    if (document.querySelector('dialog[open]')) return;
    if (typing(event.target)) {
      if (event.key === 'Escape') (event.target as HTMLElement).blur();
      return;
    }
    if (event.key.startsWith('Arrow') && event.target instanceof HTMLElement && event.target.closest('.map-canvas')) return; // the map moves by them
    const row = event.target instanceof HTMLElement && event.target.closest('.row-main') !== null;
    const onButton = !row && event.target instanceof HTMLElement && /^(BUTTON|A|SUMMARY)$/.test(event.target.tagName);
    if (!press(event.key, onButton)) return;
    event.preventDefault();
    if (event.key.startsWith('Arrow')) {
      held.value = false;
      requestAnimationFrame(() => {
        const chosen = document.querySelector<HTMLElement>('.row.chosen .row-main');
        chosen?.scrollIntoView({ block: 'nearest' });
        chosen?.focus({ preventScroll: true });
      });
    }
  });
}
