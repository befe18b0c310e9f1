/** 补查: how the reading of a vendor's history stands, what was not pushed day by day, and its settings. */
import type { Signal } from '@preact/signals';
import type { PullState } from '#core/vendor-door.ts';
import type { Problem } from '#wall/api/client.ts';
import { dayMinute, duration } from '#wall/format/time.ts';
import { lang, t } from '#wall/i18n/text.ts';
import { useFetched } from './page.tsx';
import { FieldProblem } from './paging.tsx';

export function Pulled({ on, pull }: { on: boolean; pull: PullState | null }) {
  if (!on) return <>{t('doors.historyOff')}</>;
  if (pull === null || pull.lastAt === null) return <>{t('doors.historyNew')}</>;
  return (
    <span class="small" data-test="pull">
      {t('doors.historyAt', { time: dayMinute(pull.lastAt), cursor: pull.cursorAt === null ? '–' : dayMinute(pull.cursorAt) })}<br />
      {pull.missing === 0 ? t('doors.historyNone') : t('doors.historyGaps', { missing: pull.missing, filled: pull.filled, alarms: pull.alarms })}
      {pull.behind > 0 && <><br /><span class="warn">{t('doors.historyBehind', { n: pull.behind })}</span></>}
      {pull.failingSince !== null && <><br /><span class="warn" data-test="pull-failing">{t('doors.historyFailing', { time: dayMinute(pull.failingSince), why: pull.why ?? '' })}</span></>}
    </span>
  );
}

type Day = { day: string; records: number; missing: number; filled: number; alarms: number; oldestMs: number };

export function HistoryFields({ door, draft, url, problem }: { door: string; draft: Signal<{ url?: string } | null>; url: string; problem: Problem | null }) {
  const gaps = useFetched<{ days: readonly Day[] }>(`/api/v1/vendor-doors/${door}/gaps`);
  const days = gaps.value?.days ?? [];
  return (
    <fieldset class="stack">
      <label class="check"><input type="checkbox" data-test="history-on" checked={draft.value !== null} onChange={(event) => { draft.value = event.currentTarget.checked ? {} : null; }} /> {t('doors.historyOn')}</label>
      <FieldProblem problem={problem} field="settings.history" />
      {draft.value !== null && <>
        <p class="dim small">{t('doors.historyHelp')}</p>
        <label>{t('doors.historyUrl')}<input data-test="history-url" maxLength={200} placeholder={url} value={draft.value.url ?? ''} onInput={(event) => { const text = event.currentTarget.value.trim(); draft.value = text === '' ? {} : { url: text }; }} /><FieldProblem problem={problem} field="settings.history.url" /></label>
      </>}
      {days.length > 0 && (
        <details><summary>{t('doors.gapTitle')}</summary>
          <table class="table" data-test="gaps"><thead><tr><th>{t('doors.gapDay')}</th><th>{t('doors.gapRecords')}</th><th>{t('doors.gapMissing')}</th><th>{t('doors.gapFilled')}</th><th>{t('doors.gapAlarms')}</th><th>{t('doors.gapOldest')}</th></tr></thead>
            <tbody>{days.slice(0, 31).map((d) => <tr key={d.day}><td class="digits">{d.day}</td><td class="digits">{d.records}</td><td class="digits">{d.missing}</td><td class="digits">{d.filled}</td><td class="digits">{d.alarms}</td><td class="digits">{d.missing === 0 ? '–' : duration(d.oldestMs, lang.value)}</td></tr>)}</tbody></table></details>
      )}
    </fieldset>
  );
}
