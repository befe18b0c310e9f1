/** Small marks and words that several file pages show: modes, gaps, how long ago, demonstration. */
import { t, lang, maybeText } from '#wall/i18n/text.ts';
import { dayMinute, duration } from '#wall/format/time.ts';
import { serverNow } from '#wall/state/wall.ts';

export const word = (group: string, value: string | null | undefined): string => (value == null ? '' : maybeText(`${group}.${value}`) ?? value);

export function ModeMark({ mode, until }: { mode: string | null; until: number | null }) {
  if (mode === null) return null;
  return <i class="flag" title={until === null ? undefined : t('files.until', { time: dayMinute(until) })}>{word('flag', mode)}</i>;
}
export const DemoMark = ({ demo }: { demo: boolean }) => (demo ? <i class="flag">{t('flag.demo')}</i> : null);
/** A count that is a gap when it is none. */
export const Gap = ({ n, none }: { n: number; none: string }) => (n === 0 ? <span class="warn">{none}</span> : <span class="digits">{n}</span>);
export const ago = (at: number | null): string => (at === null ? '–' : t('files.ago', { time: duration(serverNow.value - at, lang.value) }));
export const ageOf = (birthYear: number | null): string => (birthYear === null ? '–' : String(new Date(serverNow.value + 8 * 3_600_000).getUTCFullYear() - birthYear));

/** Absent, unproven, opted out: why somebody may not be reached. */
export function ReachMarks({ verifiedAt, optedOutAt, absentUntil }: { verifiedAt: number | null; optedOutAt: number | null; absentUntil: number | null }) {
  return (
    <>
      {absentUntil !== null && absentUntil > serverNow.value && <i class="flag">{t('files.absentUntil', { time: dayMinute(absentUntil) })}</i>}
      {verifiedAt === null && <i class="flag">{t('files.unverified')}</i>}
      {optedOutAt !== null && <i class="flag grave">{t('case.optedOut')}</i>}
    </>
  );
}
