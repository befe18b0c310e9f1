/** 批量登记: a file of devices is judged line by line first; only then its good lines are registered, and their secrets are in one file, once. */
import { useSignal } from '@preact/signals';
import { deviceColumns, type CellProblem } from '#core/device-file.ts';
import { deviceTemplate } from '#core/device-template.ts';
import { type Problem, post } from '#wall/api/client.ts';
import { maybeText, t } from '#wall/i18n/text.ts';
import { sheetOf } from '#wall/files/door-card.tsx';
import { word } from '#wall/files/words.tsx';
import { problemText } from '#wall/shell/problem.ts';
import { hashOf } from '#wall/state/route.ts';
import { say } from '#wall/state/toast.ts';
import { Page } from './page.tsx';

type Line = { line: number; result: 'new' | 'there' | 'wrong'; id: string | null; secret?: string; problems: CellProblem[] };
type Report = { new: number; there: number; wrong: number; registered: number; lines: Line[] };

const csvTemplate = `\uFEFF${Object.values(deviceColumns).map((c) => c.names[0]).join(',')}\r\n`;
const base64 = (bytes: Uint8Array): string => { let text = ''; for (let i = 0; i < bytes.length; i += 8_192) text += String.fromCharCode(...bytes.subarray(i, i + 8_192)); return btoa(text); };
const sheetTemplate = (): string => `data:application/vnd.openxmlformats-officedocument.spreadsheetml.sheet;base64,${base64(deviceTemplate())}`;
/** By how it begins, whatever its name: an archive (.xlsx), or the .xls of before, of which the house says what to do. */
const isSheet = (bytes: Uint8Array): boolean => (bytes[0] === 0x50 && bytes[1] === 0x4b) || (bytes[0] === 0xd0 && bytes[1] === 0xcf);
/** A text file of these offices is in the national encoding unless it is told otherwise. */
function textOf(bytes: ArrayBuffer): string {
  try { return new TextDecoder('utf-8', { fatal: true }).decode(bytes); } catch { return new TextDecoder('gb18030').decode(bytes); }
}
const fileOf = (text: string): string => `data:text/csv;charset=utf-8,${encodeURIComponent(text)}`;
const quoted = (cell: string): string => `"${cell.replaceAll('"', '""')}"`;
const secretsFile = (lines: readonly Line[]): string => fileOf(`\uFEFF${['行,编号,密钥', ...lines.filter((l) => l.secret !== undefined).map((l) => [String(l.line), l.id ?? '', l.secret ?? ''].map(quoted).join(','))].join('\r\n')}\r\n`);
/** A hundred a sheet: their ids are in its address. */
function sheets(lines: readonly Line[]): string[] {
  const ids = lines.flatMap((l) => (l.secret !== undefined && l.id !== null ? [l.id] : []));
  return Array.from({ length: Math.ceil(ids.length / 100) }, (_, i) => ids.slice(i * 100, i * 100 + 100).join(','));
}
const expectedText = (p: CellProblem): string => (p.why === 'differs' ? t('import.onFile', { text: p.expected === '' ? t('files.unknown') : p.expected }) : p.why === 'wrong' ? (maybeText(`importExpect.${p.field}`) ?? p.expected) : word('importWhy', p.why));

export function DeviceImport() {
  const sent = useSignal<{ text: string } | { workbook: string } | null>(null);
  const name = useSignal('');
  const report = useSignal<Report | null>(null);
  const problem = useSignal<Problem | null>(null);
  const busy = useSignal(false);
  const run = async (register: number | null): Promise<void> => {
    if (busy.value || sent.value === null) return;
    busy.value = true;
    const answer = await post<Report>('/api/v1/devices/import', { ...sent.value, ...(register === null ? {} : { register }) }, false);
    busy.value = false;
    problem.value = answer.ok ? null : answer.problem;
    if (answer.ok) { report.value = answer.value; if (register !== null) say(t('import.done', { n: answer.value.registered })); } else if (answer.problem.code !== 'E_CONFLICT') report.value = null;
  };
  const take = async (file: File | undefined): Promise<void> => {
    if (!file) return;
    name.value = file.name;
    const bytes = await file.arrayBuffer();
    sent.value = isSheet(new Uint8Array(bytes)) ? { workbook: base64(new Uint8Array(bytes)) } : { text: textOf(bytes) };
    await run(null);
  };
  const r = report.value;
  return (
    <Page title={t('import.title')} help={t('import.help')} test="device-import">
      <section class="card stack">
        <p class="buttons">
          <label class="strong-label">{t('import.file')} <input type="file" accept=".xlsx,.csv,.txt,text/csv" data-test="import-file" disabled={busy.value} onChange={(event) => { const box = event.currentTarget; void take(box.files?.[0]).finally(() => { box.value = ''; }); }} /></label>
          <a class="plain" data-test="import-template-sheet" download="devices.xlsx" href={sheetTemplate()}>{t('import.templateSheet')}</a> <a class="plain" data-test="import-template" download="devices.csv" href={fileOf(csvTemplate)}>{t('import.template')}</a>
        </p>
        <p class="dim small">{t('import.columns', { names: Object.values(deviceColumns).map((c) => c.names[0]).join('、') })}</p>
        {problem.value && <p class="trouble" role="alert" data-test="import-problem">{problem.value.code === 'E_CONFLICT' ? t('import.changed') : problem.value.fields[0] ? t('import.unreadable', { found: problem.value.fields[0].expected }) : problemText(problem.value)}</p>}
      </section>
      {r !== null && (
        <section class="card stack" data-test="import-report">
          <p><b>{name.value}</b> {t('import.counts', { fresh: r.new, there: r.there, wrong: r.wrong })}</p>
          {r.registered > 0
            ? <p class="made"><b>{t('import.once')}</b> <a class="strong" data-test="import-secrets" download="device-secrets.csv" href={secretsFile(r.lines)}>{t('import.secrets')}</a>
              {sheets(r.lines).map((ids, i, all) => <a key={ids} class="plain" data-test="import-labels" target="_blank" rel="noopener" href={sheetOf('devices', { ids })}>{t('act.printLabels')}{all.length > 1 ? ` ${i + 1}` : ''}</a>)}</p>
            : <p class="buttons"><button type="button" class="strong" data-test="import-register" disabled={busy.value || r.new === 0} onClick={() => void run(r.new)}>{t('import.register', { n: r.new })}</button></p>}
          <div class="scroll"><table class="table list">
            <thead><tr><th scope="col">{t('import.line')}</th><th scope="col">{t('import.result')}</th><th scope="col">{t('devices.id')}</th><th scope="col">{t('import.field')}</th><th scope="col">{t('import.expected')}</th><th scope="col">{t('import.found')}</th></tr></thead>
            <tbody>{[...r.lines].sort((a, b) => b.problems.length - a.problems.length || a.line - b.line).flatMap((line) => (line.problems.length === 0 ? [null] : line.problems).map((p) => (
              <tr key={`${line.line} ${p?.field} ${p?.why}`} data-line={line.line}><td class="digits">{line.line}</td><td class={p ? 'warn' : undefined}>{word('importResult', line.result)}</td><td>{line.id === null ? '' : line.result === 'there' || r.registered > 0 ? <a href={hashOf('devices', line.id)}><code>{line.id}</code></a> : <code>{line.id}</code>}</td>
                <td>{p ? ((deviceColumns as Record<string, { names: readonly string[] }>)[p.field]?.names[0] ?? p.field) : ''}</td><td>{p ? expectedText(p) : ''}</td><td>{p ? (p.found === '' ? t('files.unknown') : p.found) : ''}</td></tr>
            )))}</tbody>
          </table></div>
        </section>
      )}
    </Page>
  );
}
