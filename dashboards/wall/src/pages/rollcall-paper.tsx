/** The forms of a roll-call on paper, a village an A4 page (2.2): the numbers of the texts, a box per answer, room for a name. In plain text, so asked for by hand and audited. */
import { useSignal } from '@preact/signals';
import { hotline } from '#core/messages.ts';
import { rollMarks } from '#core/rollcall.ts';
import { post, type Problem } from '#wall/api/client.ts';
import { dayMinute } from '#wall/format/time.ts';
import { maybeText, t } from '#wall/i18n/text.ts';
import { problemText } from '#wall/shell/problem.ts';
import { hashOf } from '#wall/state/route.ts';
import { Page } from './page.tsx';
import { aboutText } from './rollcall-village.tsx';
import { rollPlace, type RollSheet } from './rollcall-words.tsx';

type Sheets = { name: string; startedAt: number; sheets: readonly RollSheet[] };

/** `village`: a code, or `all`. */
export function RollPapers({ id, village }: { id: string; village: string }) {
  const got = useSignal<Sheets | Problem | null>(null);
  const unfinished = useSignal(false);
  const fetchThem = async (): Promise<void> => {
    const answer = await post<Sheets>(`/api/v1/rollcalls/${id}/sheets`, village === 'all' ? {} : { regions: [village] }, false);
    got.value = answer.ok ? answer.value : answer.problem;
  };
  const sheets = got.value !== null && 'sheets' in got.value ? got.value : null;
  const shown = sheets?.sheets.filter((s) => !unfinished.value || s.people.some((p) => p.status === 'unchecked')) ?? [];
  return (
    <Page title={t('roll.papers')} help={t('roll.paperPrivate')} test="roll-papers-page">
      <p class="filters no-print"><a href={village === 'all' ? hashOf('rollcalls', id) : hashOf('rollcalls', id, { village })}>‹ {t('roll.title')}</a><span class="grow" />
        <label class="tick"><input type="checkbox" checked={unfinished.value} onChange={(event) => { unfinished.value = event.currentTarget.checked; }} />{t('roll.unfinished')}</label>
        {sheets === null ? <button type="button" class="strong" data-test="show-papers" onClick={() => void fetchThem()}>{t('act.reveal')}</button> : <button type="button" class="strong" onClick={() => print()}>{t('act.print')}</button>}</p>
      {sheets === null ? <p class={got.value === null ? 'dim' : 'trouble'}>{got.value === null ? t('case.revealNote') : 'status' in got.value && problemText(got.value)}</p>
        : <div class="roll-sheets" data-test="roll-sheets">{shown.map((s) => <Sheet key={s.code} sheet={s} name={sheets.name} startedAt={sheets.startedAt} />)}</div>}
    </Page>
  );
}

function Sheet({ sheet, name, startedAt }: { sheet: RollSheet; name: string; startedAt: number }) {
  return (
    <section class="roll-sheet" data-village={sheet.code}>
      <h2>{t('roll.paperTitle')} · {rollPlace(sheet)} <span class="roll-sheet-sum">{t('roll.paperTotal', { n: sheet.people.length })}</span></h2>
      <p>{name} · <span class="digits">{dayMinute(startedAt)}</span> · {t('roll.paperHelp')} <span class="digits">{hotline}</span></p>
      <table class="table">
        <thead><tr><th>{t('roll.no')}</th><th>{t('roll.who')}</th><th>{t('roll.place')}</th><th>{t('roll.phone')}</th>{rollMarks.map((m) => <th key={m}>{t(`roll.status.${m}`)}</th>)}</tr></thead>
        <tbody>{sheet.people.map((p) => (
          <tr key={p.no}><td class="digits roll-no">{p.no}</td><td><b>{p.name}</b>{p.highRisk && ' ▲'}{p.mode && ` ${maybeText(`flag.${p.mode}`) ?? p.mode}`}<div class="small">{aboutText(p)}</div></td><td>{p.place}{p.landmark && <div class="small">{p.landmark}</div>}</td><td class="digits">{p.phone}</td>
            {rollMarks.map((m) => <td key={m} class="roll-box">{p.status === m ? '☑' : '☐'}</td>)}</tr>
        ))}</tbody>
      </table>
      <p class="roll-sign">{t('roll.paperSign')} ____________ {t('roll.paperDone')} ____________</p>
    </section>
  );
}
