/** 白名单: whom the provider should exempt from its limits on texts, ranked by risk; the file for its console, what has changed since, and who says that it is entered. */
import { useSignal } from '@preact/signals';
import { may } from '#core/user.ts';
import { post } from '#wall/api/client.ts';
import { dayMinute } from '#wall/format/time.ts';
import { t } from '#wall/i18n/text.ts';
import { roleText } from '#wall/case/people.tsx';
import { can } from '#wall/state/session.ts';
import { say, sayProblem } from '#wall/state/toast.ts';
import { useFetched, Waiting } from './page.tsx';
import { Sure } from './paging.tsx';

type Entry = { rank: number; party: string; role: string | null; name: string | null; to: string; town: string | null; village: string | null; highRisk: number; fresh: boolean };
type Gone = { party: string; role: string | null; name: string | null; to: string };
type List = {
  most: number; entries: readonly Entry[]; outside: readonly Entry[]; outsideCount: number; gone: readonly Gone[];
  last: { id: string; madeAt: number; madeBy: string; confirmedAt: number | null; confirmedBy: string | null; numbers: number } | null;
};
const base = '/api/v1/settings/provider/white-list';

export function WhiteListCard() {
  const view = useFetched<List>(base);
  return (
    <section class="card stack" data-test="white-list">
      <h2>{t('white.title')}</h2><p class="dim">{t('white.help', { n: view.value?.most ?? 300 })}</p>
      {view.value === null ? <Waiting problem={view.problem} /> : <Sheet list={view.value} again={view.again} />}
    </section>
  );
}

function Sheet({ list, again }: { list: List; again(): void }) {
  const busy = useSignal(false);
  const { last } = list;
  const fresh = list.entries.filter((e) => e.fresh);
  const run = async (path: string, done: string): Promise<void> => {
    busy.value = true;
    const answer = await post(path, {}, false);
    busy.value = false;
    if (answer.ok) { say(done); again(); } else sayProblem(answer.problem);
  };
  const drifted = last !== null && fresh.length + list.gone.length > 0;
  return (
    <>
      <p data-test="white-state" class={last === null || drifted || last.confirmedAt === null ? 'warn' : ''}>
        {last === null ? t('white.never') : t('white.last', { time: dayMinute(last.madeAt), n: last.numbers })}{last !== null && <> · {last.confirmedAt === null ? t('white.unconfirmed') : t('white.confirmed', { time: dayMinute(last.confirmedAt), who: last.confirmedBy ?? '' })}</>}
        {drifted && <> · <b data-test="white-drift">▲ {t('white.drift', { fresh: fresh.length, gone: list.gone.length })}</b></>}
      </p>
      {can(may.writeProvider) && (
        <p class="buttons">
          <button type="button" class="plain" data-test="white-make" disabled={busy.value || list.entries.length === 0} onClick={() => void run(base, t('white.made'))}>{t('act.makeList')}</button>
          {last !== null && <a class="plain file-link" download href={`${base}/${last.id}/numbers.txt`} data-test="white-file">{t('act.download')}</a>}
          {last !== null && last.confirmedAt === null && <Sure label={t('act.entered')} test="white-confirm" run={() => void run(`${base}/${last.id}/confirm`, t('white.done'))} />}
        </p>
      )}
      {list.entries.length === 0 ? <p class="empty">{t('white.empty')}</p> : (
        <details><summary>{t('white.entries', { n: list.entries.length, outside: list.outsideCount })}</summary>
          <div class="scroll"><table class="table">
            <thead><tr><th>{t('white.rank')}</th><th>{t('note.who')}</th><th>{t('white.place')}</th><th>{t('white.risk')}</th><th /></tr></thead>
            <tbody>
              {list.entries.map((e) => <Line key={e.party} entry={e} mark={e.fresh ? t('white.fresh') : ''} />)}
              {list.gone.map((g) => <tr key={`gone ${g.party}`} data-gone={g.party}><td /><td>{[g.role && roleText(g.role), g.name].filter(Boolean).join(' ')} <span class="digits dim">{g.to}</span></td><td /><td /><td><b class="warn">{t('white.gone')}</b></td></tr>)}
              {list.outside.map((e) => <Line key={e.party} entry={e} mark={t('white.outside')} />)}
            </tbody>
          </table></div>
        </details>
      )}
    </>
  );
}

function Line({ entry: e, mark }: { entry: Entry; mark: string }) {
  return (
    <tr data-rank={e.rank} data-fresh={e.fresh}>
      <td class="digits">{e.rank}</td><td>{[e.role && roleText(e.role), e.name].filter(Boolean).join(' ')} <span class="digits dim">{e.to}</span></td>
      <td>{[e.town, e.village].filter(Boolean).join(' ')}</td><td class="digits">{e.highRisk}</td><td>{mark !== '' && <i class="flag">{mark}</i>}</td>
    </tr>
  );
}
