/** Whom we cannot hear now (F5): the people behind the number in the strip, those at risk first. */
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { get, type Problem } from '#wall/api/client.ts';
import { duration } from '#wall/format/time.ts';
import { lang, t } from '#wall/i18n/text.ts';
import { regionNames } from '#wall/state/county.ts';
import { unheardOpen } from '#wall/state/dialogs.ts';
import { serverNow } from '#wall/state/wall.ts';
import { Dialog } from './dialog.tsx';
import { problemText } from './problem.ts';

type Unheard = { personId: string; regionCode: string; name: string; highRisk: boolean; lastSeenAt: number | null; presumed: boolean };

/** Mounted when it is asked for (`unheardOpen`), and looks anew each time. */
export function UnheardDialog() {
  const shown = useSignal<readonly Unheard[] | Problem | null>(null);
  useEffect(() => { void get<{ people: Unheard[] }>('/api/v1/status/cannot-hear').then((answer) => { shown.value = answer.ok ? answer.value.people : answer.problem; }); }, []);
  const state = shown.value;
  return (
    <Dialog title={t('unheard.title')} wide onClose={() => { unheardOpen.value = false; }}>
      <p class="dim">{t('unheard.help')}</p>
      {state === null ? <p>{t('common.loading')}</p> : 'status' in state ? <p class="trouble">{problemText(state)}</p> : <List people={state} />}
    </Dialog>
  );
}

function List({ people }: { people: readonly Unheard[] }) {
  if (people.length === 0) return <p>{t('unheard.empty')}</p>;
  return (
    <table class="table">
      <thead><tr><th>{t('case.name')}</th><th>{t('case.address')}</th><th>{t('unheard.last')}</th><th>{t('case.risk')}</th></tr></thead>
      <tbody>{people.map((who) => (
        <tr key={who.personId}>
          <td>{who.name}</td><td>{placeOf(who.regionCode)}</td>
          <td class="digits">{who.lastSeenAt === null ? '–' : duration(serverNow.value - who.lastSeenAt, lang.value)}{who.presumed && <i class="flag">{t('unheard.presumed')}</i>}</td>
          <td>{who.highRisk && <i class="flag grave">{t('case.highRisk')}</i>}</td>
        </tr>
      ))}</tbody>
    </table>
  );
}

/** Town and village of a code. */
export function placeOf(code: string | null): string {
  if (code === null) return '';
  const names = regionNames.value;
  return [names.get(`${code.slice(0, 9)}000`), code.endsWith('000') ? null : names.get(code)].filter(Boolean).join(' ');
}
