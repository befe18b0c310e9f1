/** A roll-call as the pages know it, and its state and share in words. */
import type { RollStatus, RollTotal } from '#core/rollcall.ts';
import { t } from '#wall/i18n/text.ts';

type Place = { town: string | null; village: string | null };
export type Roll = Place & {
  id: string; name: string; kind: 'region' | 'outage' | 'blind'; startedBy: string; startedAt: number; endedAt: number | null; state: 'open' | 'ended' | 'expired'; demo: boolean; people: number; unchecked: number; help: number; unreached: number;
};
export type RollKeeper = { party: string; role: string | null; name: string | null; state: string | null; failed: boolean };
export type RollVillage = Place & RollTotal & { code: string; firstAt: number | null; lastAt: number | null; keepers: readonly RollKeeper[] };
export type RollNamed = Place & { regionCode: string; no: number; personId: string | null; name: string; place: string | null; highRisk: boolean; markedAt: number | null; markedBy: string | null };
export type RollWhole = Roll & { total: RollTotal; towns: readonly (Place & RollTotal & { code: string })[]; villages: readonly RollVillage[]; needHelp: readonly RollNamed[]; notReached: readonly RollNamed[] };
export type RollLine = {
  no: number; personId: string | null; name: string; phone: string | null; place: string | null; landmark: string | null; highRisk: boolean; riskTags: readonly string[]; ability: string | null; living: string | null; hearing: string | null;
  birthYear: number | null; mode: string | null; status: RollStatus; markedAt: number | null; markedBy: string | null; via: 'sms' | 'link' | 'paper' | 'desk' | null;
};
export type RollSheet = Place & { id: string; code: string; people: readonly RollLine[] };

/** 屏山乡 内洋村; the county when it is neither. */
export const rollPlace = (p: Place): string => [p.town, p.village].filter(Boolean).join(' ') || t('files.wholeCounty');

export function RollState({ roll: r }: { roll: Roll }) {
  return (
    <>{r.state === 'open' ? <b class="warn">{t('roll.state.open')}</b> : t(`roll.state.${r.state}`)} <span class="digits">{t('roll.checkedOf', { n: r.people - r.unchecked, of: r.people })}</span>
      {r.help > 0 && <> <b class="trouble digits">{t('roll.helpCount', { n: r.help })}</b></>}{r.unreached > 0 && <> <span class="warn digits">{t('roll.unreachedCount', { n: r.unreached })}</span></>}</>
  );
}

/** How much of it is done, as a bar and in figures. */
export function Share({ total }: { total: RollTotal }) {
  return <span class="roll-share"><meter min={0} max={Math.max(1, total.people)} value={total.checked} aria-label={t('roll.share')} /> <span class="digits">{total.percent}%</span></span>;
}
