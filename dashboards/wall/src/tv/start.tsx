/** The big screen's entry, loaded at /tv alone: trades the viewer token of its address for a cookie, and reloads itself on a new build. */
import { render } from 'preact';
import { post } from '#wall/api/client.ts';
import { askWhoIAm, me } from '#wall/state/session.ts';
import { openCounts } from '#wall/state/wall.ts';
import { buildOf } from './model.ts';
import { Screen } from './tv.tsx';
import '#wall/styles/tv.css';

/** A screen nobody stands at asks again by itself, and looks for a new build as often. */
const askEveryMs = 60_000;

export async function startTv(root: HTMLElement): Promise<void> {
  document.documentElement.classList.add('tv-page');
  const token = location.hash.slice(1);
  if (token !== '') {
    const answer = await post('/api/v1/screen', { token }, false);
    // The secret does not stay in the address bar that a visitor photographs; without an answer the next start needs it.
    if (answer.ok || answer.problem.status === 401) history.replaceState(null, '', '/tv');
  }
  await askWhoIAm();
  render(<Screen />, root);
  setInterval(() => { if (me.peek() == null) void askWhoIAm(); else void followBuild(); }, askEveryMs);
}

/** A new build is taken over only while no emergency is open: a screen that goes white would be looked at. */
async function followBuild(): Promise<void> {
  const mine = buildOf([...document.scripts].map((script) => script.src).join(' '));
  const page = await fetch('/tv', { headers: { accept: 'text/html' }, cache: 'no-store' }).then((answer) => (answer.ok ? answer.text() : ''), () => '');
  const theirs = buildOf(page);
  if (mine !== null && theirs !== null && mine !== theirs && (openCounts.peek()[0] ?? 0) === 0) location.reload();
}
