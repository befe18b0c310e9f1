/** The entry: choices, route, keys, and who sits here; then the page. The big screen has its own beginning, and its code comes only there. */
import { render } from 'preact';
import { App } from './app.tsx';
import { startKeyboard } from './shell/keyboard.ts';
import { startAway } from './state/away.ts';
import { startCase } from './state/case.ts';
import { startRecent } from './state/recent.ts';
import { startRoute } from './state/route.ts';
import { askWhoIAm } from './state/session.ts';
import { startSettings } from './state/settings.ts';
import './styles/tokens.css';
import './styles/base.css';
import './styles/shell.css';
import './styles/queue.css';
import './styles/case.css';
import './styles/map.css';
import './styles/pages.css';
import './styles/files.css';
import './styles/settings.css';

const root = document.getElementById('app');
if (root) void startSettings().then(() => {
  if (location.pathname === '/tv') return import('./tv/start.tsx').then(({ startTv }) => startTv(root));
  startAway();
  startRoute();
  startCase();
  startRecent();
  startKeyboard();
  void askWhoIAm();
  render(<App />, root);
  return undefined;
});
