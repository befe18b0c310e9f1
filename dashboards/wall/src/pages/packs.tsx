/** 离线清点包: which town has tonight's file, from when, under which passphrase; fetched sealed, the passphrase shown once to be written into an envelope. */
import { useSignal } from '@preact/signals';
import { may } from '#core/user.ts';
import { post } from '#wall/api/client.ts';
import { dayMinute } from '#wall/format/time.ts';
import { maybeText, t } from '#wall/i18n/text.ts';
import { can } from '#wall/state/session.ts';
import { say, sayProblem } from '#wall/state/toast.ts';
import { Page, useFetched, Waiting } from './page.tsx';

type Town = { code: string; town: string; people: number; keySetAt: number | null; keySetBy: string | null; madeAt: number | null; bytes: number | null; nights: number; state: 'good' | 'no-passphrase' | 'none' | 'old' };
type Answer = { folder: string | null; towns: readonly Town[] };

export function Packs() {
  const list = useFetched<Answer>('/api/v1/packs');
  const shown = useSignal<{ town: string; passphrase: string } | null>(null);
  const asking = useSignal<string | null>(null);
  const busy = useSignal(false);
  const act = async (town: Town, what: 'make' | 'passphrase'): Promise<void> => {
    busy.value = true;
    const answer = await post<{ passphrase?: string; madeAt: number | null }>(`/api/v1/packs/${town.code}/${what}`, {});
    busy.value = false;
    asking.value = null;
    if (!answer.ok) return sayProblem(answer.problem);
    if (answer.value.passphrase) shown.value = { town: town.town, passphrase: answer.value.passphrase };
    else say(t('pack.made', { town: town.town }));
    list.again();
  };
  /** Asks once more where an envelope would be worth nothing any more. */
  const renew = (town: Town): void => { if (town.keySetAt !== null && asking.value !== town.code) asking.value = town.code; else void act(town, 'passphrase'); };
  return (
    <Page title={t('tab.packs')} help={t('pack.help')} onRefresh={list.again} test="packs">
      {shown.value && (
        <section class="card made" data-test="pack-key">
          <h2>{t('pack.keyOf', { town: shown.value.town })}</h2>
          <p class="made-value digits" data-test="passphrase">{shown.value.passphrase}</p>
          <p class="warn">{t('pack.once')}</p>
          <p class="buttons no-print"><button type="button" class="plain" onClick={() => print()}>{t('act.print')}</button><button type="button" class="plain" onClick={() => { shown.value = null; }}>{t('act.hide')}</button></p>
        </section>
      )}
      {list.value === null ? <Waiting problem={list.problem} /> : (
        <section class="card scroll no-print">
          {list.value.folder === null ? <p class="warn">{t('pack.notHere')}</p> : <p class="dim">{t('pack.folder')} <code>{list.value.folder}</code></p>}
          {list.value.towns.length === 0 ? <p class="empty">{t('pack.empty')}</p> : (
            <table class="table list" data-test="pack-list">
              <thead><tr><th>{t('files.town')}</th><th>{t('reach.people')}</th><th>{t('pack.state')}</th><th>{t('pack.madeAt')}</th><th>{t('pack.key')}</th><th /></tr></thead>
              <tbody>{list.value.towns.map((town) => (
                <tr key={town.code} data-code={town.code} data-state={town.state}>
                  <th scope="row">{town.town}</th><td class="digits">{town.people}</td><td class={town.state === 'good' ? '' : 'warn'}>{maybeText(`pack.state.${town.state}`)}</td>
                  <td class="digits">{town.madeAt === null ? '–' : <>{dayMinute(town.madeAt)} <span class="dim">{Math.ceil((town.bytes ?? 0) / 1024)} KB · {t('pack.nights', { n: town.nights })}</span></>}</td>
                  <td>{town.keySetAt === null ? '–' : <><span class="digits">{dayMinute(town.keySetAt)}</span> <span class="dim">{town.keySetBy}</span></>}</td>
                  <td class="buttons">
                    {town.madeAt !== null && <a class="plain file-link" download href={`/api/v1/packs/${town.code}/file`} data-test="pack-file">{t('act.fetch')}</a>}
                    {can(may.makePacks) && town.keySetAt !== null && <button type="button" class="small-button" disabled={busy.value} onClick={() => void act(town, 'make')}>{t('act.makeNow')}</button>}
                    {can(may.writePacks) && <button type="button" class="small-button" disabled={busy.value} data-test="pack-passphrase" onClick={() => renew(town)}>{t(town.keySetAt === null ? 'act.setKey' : asking.value === town.code ? 'act.sureKey' : 'act.newKey')}</button>}
                    {asking.value === town.code && <span class="warn">{t('pack.renew')}</span>}
                  </td>
                </tr>
              ))}</tbody>
            </table>
          )}
          <p class="dim small">{t('pack.howTo')}</p>
        </section>
      )}
    </Page>
  );
}
