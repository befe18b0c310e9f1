/** The strip of a drill: dashed and violet, with 演练 before every line, below the bars and never among the alarms; without a sound of its own. */
import { useEffect } from 'preact/hooks';
import { duration } from '#wall/format/time.ts';
import { kindName, lang, t } from '#wall/i18n/text.ts';
import { placeText } from '#wall/queue/row.tsx';
import { claimDrill, type DrillCase, drillCases, startDrillLook } from '#wall/state/drill.ts';
import { hashOf } from '#wall/state/route.ts';
import { mayAct } from '#wall/state/session.ts';
import { serverNow } from '#wall/state/wall.ts';

/** Lines shown at once; the others are counted. */
const shown = 4;

export function DrillStrip() {
  useEffect(startDrillLook, []);
  const cases = drillCases.value;
  if (cases.length === 0) return null;
  const waiting = cases.filter((c) => c.claimedAt === null);
  const lines = (waiting.length > 0 ? waiting : cases).slice(0, shown);
  return (
    <section class="drill-strip" aria-label={t('drill.strip')} data-test="drill-strip">
      <p class="drill-head"><b class="drill-word">{t('drill.strip')}</b> <span>{t('drill.notReal')}</span> <a href={hashOf('drills', cases[0]?.drillId ?? null)}>{cases[0]?.name}</a> <span class="digits">{t('drill.running', { n: cases.length, waiting: waiting.length })}</span></p>
      <ul>{lines.map((c) => <Line key={c.id} c={c} />)}</ul>
    </section>
  );
}

function Line({ c }: { c: DrillCase }) {
  return (
    <li class="drill-row" data-test="drill-case" data-id={c.id}>
      <i class="flag drill">{t('drill.word')}</i><b>{kindName(c.kind)}</b> <span>{placeText(c)}</span>
      <span class="grow" /><span class="timer digits">{duration(serverNow.value - c.beginsAt, lang.value)}</span>
      {c.claimedAt === null && mayAct.value ? <button type="button" class="small-button" data-test="drill-claim" onClick={() => void claimDrill(c.id)}>{t('act.claim')}</button> : <span class="dim">{c.claimedByName}</span>}
    </li>
  );
}
