/** One village's list: who is on it under which number, found how and by whom; words from the telephone by button, from a returned paper by one line of keys. */
import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { parseSheet, rollMarks, type RollMark } from '#core/rollcall.ts';
import { may } from '#core/user.ts';
import { post } from '#wall/api/client.ts';
import { dayMinute } from '#wall/format/time.ts';
import { maybeText, t } from '#wall/i18n/text.ts';
import { go, hashOf } from '#wall/state/route.ts';
import { can } from '#wall/state/session.ts';
import { say, sayProblem } from '#wall/state/toast.ts';
import { serverNow } from '#wall/state/wall.ts';
import { Page, useFetched, Waiting } from './page.tsx';
import { type RollLine, rollPlace, type RollSheet, type RollWhole } from './rollcall-words.tsx';

const againMs = 5_000;
type Mark = { no: number; status: RollMark };

export function RollVillageList({ id, code }: { id: string; code: string }) {
  const list = useFetched<RollSheet>(`/api/v1/rollcalls/${encodeURIComponent(id)}/villages/${encodeURIComponent(code)}`);
  const whole = useFetched<RollWhole>(`/api/v1/rollcalls/${encodeURIComponent(id)}`);
  const plain = useSignal<ReadonlyMap<number, RollLine> | null>(null);
  const villages = whole.value?.villages ?? [];
  const at = villages.findIndex((v) => v.code === code);
  const open = whole.value?.state === 'open';
  const writes = open && can(may.writeRolls);
  const again = (): void => { list.again(); whole.again(); };
  useEffect(() => { if (!open) return; const timer = setInterval(again, againMs); return () => clearInterval(timer); }, [open]);
  const mark = async (marks: readonly Mark[], rest: boolean, via: 'desk' | 'paper'): Promise<boolean> => {
    const answer = await post<{ changed: number; raised: number }>(`/api/v1/rollcalls/${id}/villages/${code}/marks`, { via, marks, rest });
    if (answer.ok) say(answer.value.raised > 0 ? t('roll.entryRaised', { n: answer.value.changed, help: answer.value.raised }) : t('roll.entrySaved', { n: answer.value.changed }));
    else if (answer.problem.more['reason'] === 'over') say(t('roll.over'));
    else sayProblem(answer.problem);
    again();
    return answer.ok;
  };
  const reveal = async (): Promise<void> => {
    const answer = await post<{ sheets: readonly RollSheet[] }>(`/api/v1/rollcalls/${id}/sheets`, { regions: [code] }, false);
    if (answer.ok) plain.value = new Map(answer.value.sheets[0]?.people.map((p) => [p.no, p])); else sayProblem(answer.problem);
  };
  const sheet = list.value;
  const near = (step: number): string | null => { const v = villages[at + step]; return at < 0 || !v ? null : hashOf('rollcalls', id, { village: v.code }); };
  return (
    <Page title={sheet ? rollPlace(sheet) : t('roll.title')} help={t('roll.listHelp')} onRefresh={again} test="roll-village">
      <p class="filters no-print"><a href={hashOf('rollcalls', id)}>‹ {whole.value?.name ?? t('roll.title')}</a><span class="grow" />{near(-1) && <a href={near(-1) ?? ''}>{t('roll.prev')}</a>}{near(1) && <a href={near(1) ?? ''} data-test="next-village">{t('roll.next')}</a>}
        {can(may.writeRolls) && <><a class="plain file-link" href={hashOf('rollcalls', id, { paper: code })}>{t('act.papers')}</a>
          <button type="button" class="plain" data-test="roll-reveal" onClick={() => { if (plain.value) plain.value = null; else void reveal(); }}>{t(plain.value ? 'act.hide' : 'act.reveal')}</button></>}</p>
      {sheet === null ? <Waiting problem={list.problem} /> : (
        <>
          {writes && <Entry people={sheet.people} save={(marks, rest) => mark(marks, rest, 'paper')} next={villages[at + 1]?.code} onNext={(next) => go('rollcalls', id, { village: next })} />}
          {whole.value && !open && <p class="dim">{t('roll.over')}</p>}
          <section class="card scroll"><table class="table" data-test="roll-people">
            <thead><tr><th>{t('roll.no')}</th><th>{t('roll.who')}</th><th>{t('roll.place')}</th><th>{t('roll.phone')}</th><th>{t('roll.status')}</th><th>{t('roll.checkedBy')}</th></tr></thead>
            <tbody>{sheet.people.map((p) => <Line key={p.no} p={p} plain={plain.value?.get(p.no) ?? null} mark={writes ? (status) => void mark([{ no: p.no, status }], false, 'desk') : null} />)}</tbody>
          </table></section>
        </>
      )}
    </Page>
  );
}

function Line({ p, plain, mark }: { p: RollLine; plain: RollLine | null; mark: ((status: RollMark) => void) | null }) {
  const about = aboutText(p);
  return (
    <tr data-no={p.no} data-status={p.status}>
      <td class="digits">{p.no}</td><td>{plain?.name ?? p.name}{p.highRisk && <i class="flag grave">{t('case.highRisk')}</i>}{p.mode && <i class="flag">{maybeText(`flag.${p.mode}`) ?? p.mode}</i>}{about && <div class="dim small">{about}</div>}</td>
      <td>{p.place}{plain?.landmark && <div class="dim small">{plain.landmark}</div>}</td><td class="digits">{plain?.phone ?? p.phone}</td>
      <td><b class={p.status === 'help' ? 'trouble' : p.status === 'unreached' ? 'warn' : p.status === 'unchecked' ? 'dim' : ''}>{t(`roll.status.${p.status}`)}</b>
        {mark && <span class="roll-marks no-print">{rollMarks.filter((m) => m !== p.status).map((m) => <button key={m} type="button" class="small-button" data-mark={m} onClick={() => mark(m)}>{t(`roll.status.${m}`)}</button>)}</span>}</td>
      <td>{p.markedAt !== null && <><span class="digits">{dayMinute(p.markedAt)}</span> {p.markedBy} <span class="dim">{p.via && t(`roll.via.${p.via}`)}</span></>}</td>
    </tr>
  );
}

/** What makes somebody's place on the list: age, how he lives, what ails him. */
export function aboutText(p: RollLine): string {
  const year = Number(dayYear());
  return [p.birthYear === null ? null : t('case.years', { n: year - p.birthYear }), p.living === 'alone' && !p.riskTags.includes('lives-alone') ? maybeText('living.alone') : null, p.ability === null || p.ability === 'intact' ? null : maybeText(`ability.${p.ability}`),
    p.hearing === 'deaf' || p.hearing === 'weak' ? `${t('case.hearing')}${maybeText(`hearing.${p.hearing}`) ?? ''}` : null, ...p.riskTags.filter((r) => r !== 'over-80').map((r) => maybeText(`risk.${r}`) ?? r)].filter(Boolean).join(' · ');
}
const dayYear = (): string => new Date(serverNow.value).toISOString().slice(0, 4);

/** A returned paper in one line: Enter saves, Enter again goes to the next village. */
function Entry({ people, save, next, onNext }: { people: readonly RollLine[]; save(marks: readonly Mark[], rest: boolean): Promise<boolean>; next: string | undefined; onNext(code: string): void }) {
  const text = useSignal('');
  const busy = useSignal(false);
  const box = useRef<HTMLInputElement>(null);
  useEffect(() => box.current?.focus(), []);
  const read = parseSheet(text.value);
  const known = new Set(people.map((p) => p.no));
  const missing = 'at' in read ? [] : [...read.marks.keys()].filter((no) => !known.has(no));
  const count = (status: RollMark): number => ('at' in read ? 0 : [...read.marks.values()].filter((m) => m === status).length);
  const enter = async (): Promise<void> => {
    if (busy.value || 'at' in read || missing.length > 0) return;
    if (text.value.trim() === '') { if (next !== undefined) onNext(next); return; }
    busy.value = true;
    if (await save([...read.marks].map(([no, status]) => ({ no, status })), read.rest)) text.value = '';
    busy.value = false;
    box.current?.focus();
  };
  return (
    <section class="card no-print">
      <form onSubmit={(event) => { event.preventDefault(); void enter(); }}>
        <label class="stack">{t('roll.entry')}<input ref={box} value={text.value} data-test="roll-entry" autocomplete="off" spellcheck={false} aria-describedby="roll-entry-read" onInput={(event) => { text.value = event.currentTarget.value; }} /></label>
      </form>
      <p id="roll-entry-read" class="small" data-test="roll-entry-read" aria-live="polite">
        {text.value.trim() === '' ? <span class="dim">{t('roll.entryHelp')}</span> : 'at' in read ? <span class="trouble">{t('roll.entryBad', { at: read.at })}</span> : missing.length > 0 ? <span class="trouble">{t('roll.entryMissing', { list: missing.join('、') })}</span>
          : <>{rollMarks.filter((m) => count(m) > 0).map((m) => <span key={m} class={m === 'help' ? 'trouble' : ''}>{t(`roll.status.${m}`)} {count(m)} </span>)}{read.rest && t('roll.entryRest')}</>}</p>
    </section>
  );
}
