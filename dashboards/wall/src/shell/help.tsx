/** The keys on one card (?). */
import { signal } from '@preact/signals';
import { t } from '#wall/i18n/text.ts';
import { Dialog } from './dialog.tsx';

export const helpOpen = signal(false);
const keys = [
  ['↑ ↓', 'help.move'], ['Enter / A', 'help.claim'], ['T', 'help.takeOver'], ['D', 'help.dispatch'], ['E', 'help.escalate'], ['C', 'help.calls'], ['N', 'help.note'], ['X', 'help.close'], ['1–7', 'help.steps'], ['S', 'help.shelve'], ['B', 'help.callback'], ['K', 'help.pin'], ['P', 'help.phoneIn'], ['O', 'help.openCall'], ['V', 'help.talk'], ['G', 'help.fly'], ['M', 'help.mute'], ['/', 'help.search'], ['Esc', 'help.escape'], ['?', 'help.help'],
] as const;

export function Help() {
  if (!helpOpen.value) return null;
  return (
    <Dialog title={t('help.title')} onClose={() => { helpOpen.value = false; }}>
      <dl class="keys">{keys.map(([key, text]) => <div key={key}><dt><kbd>{key}</kbd></dt><dd>{t(text)}</dd></div>)}</dl>
      <p class="dim">{t('help.typing')}</p>
    </Dialog>
  );
}
