/** Whom we cannot hear now (F5): the people behind the number in the strip, those at risk first. */
import { signal } from '@preact/signals';
import { get, type Problem } from '#wall/api/client.ts';
import { duration } from '#wall/format/time.ts';
import { lang, t } from '#wall/i18n/text.ts';
import { regionNames } from '#wall/state/county.ts';
import { serverNow } from '#wall/state/wall.ts';
import { Dialog } from './dialog.tsx';
import { problemText } from './problem.ts';

type Unheard = { personId: string; regionCode: string; name: string; highRisk: boolean; lastSeenAt: number | null; presumed: boolean };
const shown = signal<'no' | 'asking' | readonly Unheard[] | Problem>('no');

/** Opens the list. */
export function showUnheard(): void {
  shown.value = 'asking';
  void get<{ people: Unheard[] }>('/api/v1/status/cannot-hear').then((answer) => { if (shown.value === 'asking') shown.value = answer.ok ? answer.value.people : answer.problem; });
}

export function UnheardDialog() {
  const state = shown.value;
  if (state === 'no') return null;
  return (
    <Dialog title={t('unheard.title')} wide onClose={() => { shown.value = 'no'; }}>
      <p class="dim">{t('unheard.help')}</p>
      {state === 'asking' ? <p>{t('common.loading')}</p> : 'status' in state ? <p class="trouble">{problemText(state)}</p> : <List people={state} />}
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
