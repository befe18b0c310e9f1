/** The script beside the case: a key for each step, each press a line of the case, what is to be done next opened with what to say. */
import type { AlertView } from '#core/live.ts';
import type { CaseInFull } from '#wall/api/case.ts';
import { clockSeconds } from '#wall/format/time.ts';
import { maybeText, t } from '#wall/i18n/text.ts';
import { isUnclaimed } from '#wall/queue/order.ts';
import { claim, scriptStep } from '#wall/state/actions.ts';
import { caseAlert, revealed, script } from '#wall/state/case.ts';
import { mayAct } from '#wall/state/session.ts';
import { roleText } from './people.tsx';
import { circled, doneAt, nextSteps, scriptFor, type Step, type Way, waysFor } from './script.ts';

const words = (step: Step): string[] => (maybeText(step.text) ?? step.text).split('|');
const title = (step: Step): string => words(step)[0] ?? step.text;
const more = (step: Step): string => words(step)[1] ?? '';

/** A number key: takes the step of the open case; the first of an alarm that nobody has claims it. False: there is no such step. */
function takeStep(n: number): boolean {
  const alert = caseAlert.peek();
  const step = alert === null ? undefined : scriptFor(alert.kind, revealed.peek()?.person ?? null)?.[n - 1];
  if (!alert || !step || alert.state === 'closed') return false;
  if (isUnclaimed(alert)) { if (n === 1) void claim(alert); return n === 1; }
  if (!step.claims) void scriptStep(alert, `${circled(n)} ${title(step)}`);
  return true;
}
script.take = takeStep;

export function Script({ alert, full }: { alert: AlertView; full: CaseInFull | null }) {
  const person = revealed.value?.person ?? null;
  const steps = scriptFor(alert.kind, person);
  if (steps === null) return null;
  const done = doneAt(full?.timeline ?? []);
  const isDone = (step: Step): boolean => done.has(step.n) || (step.claims && !isUnclaimed(alert));
  const next = new Set(nextSteps(steps, isDone));
  const pressable = mayAct.value && alert.state !== 'closed';
  return (
    <section class="part script" aria-label={t('script.title')} data-test="script">
      <h3>{t('script.title')} <span class="dim small">{t('script.keys')}</span></h3>
      {waysFor(person, revealed.value?.candidates ?? full?.candidates ?? []).map((way) => <WayLine key={way.way} way={way} />)}
      <ol>
        {steps.map((step) => (
          <li key={step.n} class={`script-step${isDone(step) ? ' done' : ''}${next.has(step) ? ' next-up' : ''}`} data-step={step.n} data-done={isDone(step)} data-next={next.has(step)}>
            <button type="button" class="step-main" disabled={!pressable} onClick={() => { takeStep(step.n); }}><kbd>{step.n}</kbd><span class="step-name">{title(step)}</span>
              {done.has(step.n) && <span class="digits dim">✓ {clockSeconds(done.get(step.n)?.at ?? 0)} {done.get(step.n)?.actorName}</span>}</button>
            {next.has(step) && more(step) !== '' && <p class="step-more">{more(step)}</p>}
            {next.has(step) && step.say !== null && <p class="say" lang="zh-CN">“{step.say}”</p>}
          </li>
        ))}
      </ol>
    </section>
  );
}

function WayLine({ way: { way, language, speakers } }: { way: Way }) {
  const who = (speakers ?? []).slice(0, 3).map((c) => `${roleText(c.role)} ${c.name}`).join('、');
  return <p class="way" data-way={way}><b>▲ {t(`way.${way}`, { language: language ?? '' })}</b> {way === 'language' ? (who === '' ? t('way.nobodySpeaks') : t('way.speakers', { who })) : t(`way.${way}.do`)}</p>;
}
