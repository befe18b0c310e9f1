/** The entry of the installer's page: what is kept first, then the network; a door code that led here opens its home. */
import { render } from 'preact';
import { App } from './app.tsx';
import { ask } from './api.ts';
import { go } from './route.ts';
import { homeOf, loadVillage, note, start } from './state.ts';
import { lang, speak, w } from './words.ts';
import './install.css';

/** `/install?door=CODE`: the home of the door before which one stands; its village is loaded when it is not here. */
async function openDoor(): Promise<void> {
  const code = new URLSearchParams(location.search).get('door');
  if (code === null) return;
  const answer = await ask<{ homeId: string; regionCode: string }>('POST', '/door-codes/open', { code });
  if (!answer.ok) { note.value = answer.problem.status === 0 || answer.problem.status === 401 ? w().doorNet : w().doorWrong; return; }
  history.replaceState(null, '', '/install');
  if (homeOf(answer.value.homeId) === undefined) {
    const regions = await ask<{ regions: { code: string; name: string }[] }>('GET', `/regions?region=${answer.value.regionCode}`);
    await loadVillage(answer.value.regionCode, (regions.ok ? regions.value.regions.find((r) => r.code === answer.value.regionCode)?.name : undefined) ?? answer.value.regionCode);
  }
  go('home', answer.value.homeId);
}

speak(lang.value);
const root = document.getElementById('app');
if (root) {
  render(<App />, root);
  void start().then(openDoor);
}
// Not on plain http (F17): then the page says so, and works as long as it stays open.
if ('serviceWorker' in navigator) void navigator.serviceWorker.register('/install-sw.js', { scope: '/install' }).catch(() => {});
