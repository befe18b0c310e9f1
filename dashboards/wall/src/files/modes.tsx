/** 外出转移: what holds now, the forgotten first, and a whole list of villages evacuated in one action (F2, C9). */
import { useSignal } from '@preact/signals';
import { showRegion } from '#core/region.ts';
import { may } from '#core/user.ts';
import type { Problem } from '#wall/api/client.ts';
import { dayMinute } from '#wall/format/time.ts';
import { t } from '#wall/i18n/text.ts';
import { Page, Waiting } from '#wall/pages/page.tsx';
import { Dialog } from '#wall/shell/dialog.tsx';
import { problemText } from '#wall/shell/problem.ts';
import { placeOf } from '#wall/shell/unheard.tsx';
import { regions } from '#wall/state/county.ts';
import { hashOf } from '#wall/state/route.ts';
import { can } from '#wall/state/session.ts';
import { serverNow } from '#wall/state/wall.ts';
import { fromLocal, toLocal } from './fields.ts';
import { Card, useOne } from './file.tsx';
import { modeNames, sendMode } from './mode.tsx';
import { word } from './words.tsx';

type ModeRow = { type: 'home' | 'person'; id: string; regionCode: string | null; mode: string; until: number; forgotten: boolean; highRisk: boolean; name: string | null };
/** Lists longer than this show their beginning; the villages above say how many there are. */
const shownRows = 200;

export function Modes() {
  const list = useOne<{ modes: ModeRow[]; forgotten: number }>('/api/v1/modes');
  return (
    <Page title={t('modes.page')} help={t('modes.pageHelp')} onRefresh={list.again} test="modes">
      {can(may.act) && <Villages onDone={list.again} />}
      {list.value === null ? <Waiting problem={list.problem} /> : <Now modes={list.value.modes} forgotten={list.value.forgotten} onChange={list.again} />}
    </Page>
  );
}

function Villages({ onDone }: { onDone(): void }) {
  const picked = useSignal<ReadonlySet<string>>(new Set());
  const mode = useSignal<string>('evacuated');
  const until = useSignal(toLocal(serverNow.peek() + 2 * 86_400_000));
  const asking = useSignal(false);
  const problem = useSignal<Problem | null>(null);
  const all = regions.value ?? [];
  const villages = all.filter((r) => r.level === 'village');
  const towns = all.filter((r) => r.level === 'town');
  const toggle = (codes: readonly string[], on: boolean): void => { const next = new Set(picked.value); for (const code of codes) { if (on) next.add(code); else next.delete(code); } picked.value = next; };
  const send = async (): Promise<void> => {
    asking.value = false;
    problem.value = await sendMode({ regions: [...picked.value] }, mode.value, fromLocal(until.value));
    if (problem.value === null) { picked.value = new Set(); onDone(); }
  };
  return (
    <Card title={t('modes.villages')} test="villages">
      <div class="village-towns">
        {(towns.length > 0 ? towns : [null]).map((town) => {
          const mine = villages.filter((v) => town === null || v.code.startsWith(town.code.slice(0, 9)));
          const chosen = mine.filter((v) => picked.value.has(v.code)).length;
          return (
            <details key={town?.code ?? 'mine'} data-town={town?.code} open={towns.length <= 1}>
              <summary>{town === null ? t('files.village') : showRegion(town.name)} <span class="dim digits">{chosen > 0 ? `${chosen}/${mine.length}` : mine.length}</span></summary>
              <label class="tick whole"><input type="checkbox" checked={chosen === mine.length && mine.length > 0} onChange={(event) => toggle(mine.map((v) => v.code), event.currentTarget.checked)} />{t('files.wholeTown')}</label>
              <span class="ticks">{mine.map((v) => <label key={v.code} class="tick"><input type="checkbox" name={v.code} checked={picked.value.has(v.code)} onChange={(event) => toggle([v.code], event.currentTarget.checked)} />{showRegion(v.name)}</label>)}</span>
            </details>
          );
        })}
      </div>
      <form class="form-row" onSubmit={(event) => { event.preventDefault(); asking.value = true; }}>
        <label>{t('modes.mode')}<select name="mode" value={mode.value} onChange={(event) => { mode.value = event.currentTarget.value; }}>{modeNames.map((name) => <option key={name} value={name}>{word('flag', name)}</option>)}</select></label>
        <label>{t('modes.until')}<input type="datetime-local" name="until" required value={until.value} onInput={(event) => { until.value = event.currentTarget.value; }} /></label>
        <button type="submit" class="strong" data-test="evacuate" disabled={picked.value.size === 0}>{t('modes.forVillages', { n: picked.value.size })}</button>
      </form>
      {problem.value && <p class="trouble" role="alert">{problemText(problem.value)}</p>}
      {asking.value && (
        <Dialog title={t('modes.villages')} onClose={() => { asking.value = false; }}>
          <p>{t('modes.sure', { n: picked.value.size, mode: word('flag', mode.value), time: dayMinute(fromLocal(until.value)) })}</p>
          <p class="dim small">{[...picked.value].slice(0, 12).map((code) => placeOf(code)).join('、')}{picked.value.size > 12 && '…'}</p>
          <p class="dim small">{t('modes.help')}</p>
          <p class="buttons"><button type="button" class="strong" data-test="sure" onClick={() => void send()}>{t('act.set')}</button><button type="button" class="plain" onClick={() => { asking.value = false; }}>{t('act.cancel')}</button></p>
        </Dialog>
      )}
    </Card>
  );
}

function Now({ modes, forgotten, onChange }: { modes: readonly ModeRow[]; forgotten: number; onChange(): void }) {
  const end = async (row: ModeRow): Promise<void> => { if ((await sendMode(row.type === 'home' ? { homes: [row.id] } : { people: [row.id] }, null, null)) === null) onChange(); };
  const villages = [...new Set(modes.filter((m) => m.type === 'home').map((m) => m.regionCode))].filter((code): code is string => code !== null);
  const endVillage = async (code: string): Promise<void> => { if ((await sendMode({ regions: [code] }, null, null)) === null) onChange(); };
  if (modes.length === 0) return <p class="empty" data-test="none">{t('modes.nobody')}</p>;
  return (
    <Card title={t('modes.now', { n: modes.length, forgotten })} test="modes-now">
      {villages.length > 0 && <div class="village-ends">{villages.map((code) => (
        <span key={code} class="village-end">{placeOf(code)} <b class="digits">{t('outage.homes', { n: modes.filter((m) => m.type === 'home' && m.regionCode === code).length })}</b>
          {can(may.act) && <button type="button" class="small-button" aria-label={`${t('act.endNow')} ${placeOf(code)}`} onClick={() => void endVillage(code)}>{t('act.endNow')}</button>}</span>
      ))}</div>}
      <div class="scroll"><table class="table list">
        <thead><tr><th>{t('files.name')}</th><th>{t('files.place')}</th><th>{t('modes.mode')}</th><th>{t('modes.until')}</th><th /><th /></tr></thead>
        <tbody>{modes.slice(0, shownRows).map((row) => (
          <tr key={row.type + row.id} data-id={row.id}>
            <td><a href={hashOf(row.type === 'home' ? 'homes' : 'people', row.id)}>{row.name ?? t('modes.home', { id: row.id })}</a></td><td>{placeOf(row.regionCode)}</td><td>{word('flag', row.mode)}</td><td class="digits">{dayMinute(row.until)}</td>
            <td>{row.forgotten && <i class="flag">{t('modes.forgotten')}</i>} {row.highRisk && <i class="flag grave">{t('case.highRisk')}</i>}</td>
            <td>{can(may.act) && <button type="button" class="small-button" onClick={() => void end(row)}>{t('act.endNow')}</button>}</td>
          </tr>
        ))}</tbody>
      </table></div>
      {modes.length > shownRows && <p class="dim">{t('queue.more', { n: modes.length - shownRows })}</p>}
    </Card>
  );
}
