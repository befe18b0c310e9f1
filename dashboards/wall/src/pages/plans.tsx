/** 呼叫预案: which plan holds where, as a line of time that can be read aloud; `#/plans/ID` edits one, `#/plans/new` begins one. */
import type { Plan } from '#core/escalation.ts';
import { demonstrationPlans } from '#core/plan.ts';
import { type PlanPrice, pricePlan } from '#core/plan-price.ts';
import { may } from '#core/user.ts';
import { duration } from '#wall/format/time.ts';
import { kindName, lang, t } from '#wall/i18n/text.ts';
import { hashOf, route } from '#wall/state/route.ts';
import { can, me } from '#wall/state/session.ts';
import { Page, useFetched, Waiting } from './page.tsx';
import { scopeName } from './paging.tsx';
import { PlanEditor } from './plan-editor.tsx';
import { type Draft, type Warning, warningText } from './plan-words.ts';

type PlanView = Plan & { scopeCode: string; version: number; updatedAt: number; demo: boolean; warnings: readonly Warning[] };

export function Plans() {
  const list = useFetched<{ plans: PlanView[] }>('/api/v1/plans');
  const { id, query } = route.value;
  const plans = list.value?.plans;
  const chosen = id === null || id === 'new' ? null : plans?.find((p) => p.id === id);
  const like = demonstrationPlans.find((p) => p.id === query['like']) ?? demonstrationPlans[0];
  const draft = ({ name, kinds, steps, roundS, desk, priority, hours, risk }: Plan, scopeCode: string): Draft => ({ name, kinds, steps, roundS, desk, scopeCode, ...(priority ? { priority } : {}), ...(hours ? { hours } : {}), ...(risk ? { risk } : {}) });
  return (
    <Page title={t('plan.title')} help={t('plan.help')} onRefresh={list.again} test="plans">
      {plans === undefined ? <Waiting problem={list.problem} /> : id === 'new' && like ? (
        <PlanEditor key="new" id={null} version={0} start={{ ...draft(like, me.value?.scopeCode ?? ''), name: '' }} warnings={[]} onDone={list.again} />
      ) : chosen ? <PlanEditor key={`${chosen.id} ${chosen.version}`} id={chosen.id} version={chosen.version} start={draft(chosen, chosen.scopeCode)} warnings={chosen.warnings} onDone={list.again} /> : (
        <>
          {can(may.writePlans) && <p class="filters"><span class="grow" /><a class="strong" data-test="new-plan" href={hashOf('plans', 'new')}>{t('act.newPlan')}</a></p>}
          {plans.map((plan) => <PlanCard key={plan.id} plan={plan} />)}
          <HousePlans plans={plans} />
        </>
      )}
    </Page>
  );
}

function PlanCard({ plan }: { plan: PlanView }) {
  return (
    <section class="card plan" data-plan={plan.id}>
      <header class="plan-head"><h2 class="plan-title">{plan.name}</h2><span class="dim">{scopeName(plan.scopeCode)} · {t('plan.version', { n: plan.version })}</span>{plan.demo && <i class="flag">{t('note.demo')}</i>}<span class="grow" />
        <a class="small-button" href={hashOf('plans', plan.id)}>{can(may.writePlans) ? t('act.edit') : t('act.look')}</a></header>
      <PlanLine plan={plan} />
      {plan.warnings.length > 0 && <ul class="warnings" data-test="warnings">{plan.warnings.map((w) => <li key={w.code}>▲ {warningText(w)}</li>)}</ul>}
    </section>
  );
}

/** The house's own, which hold for kinds that no plan of the whole county names. */
function HousePlans({ plans }: { plans: readonly PlanView[] }) {
  const named = new Set(plans.filter((p) => /^0{12}$|0{6}$/.test(p.scopeCode)).flatMap((p) => p.kinds));
  return <>{demonstrationPlans.filter((plan) => plan.kinds.some((kind) => !named.has(kind))).map((plan) => (
    <section key={plan.id} class="card plan" data-plan={`house-${plan.id}`}>
      <header class="plan-head"><h2 class="plan-title">{plan.name}</h2><i class="flag">{t('plan.house')}</i><span class="dim">{t('plan.houseHelp')}</span><span class="grow" />{can(may.writePlans) && <a class="small-button" href={hashOf('plans', 'new', { like: plan.id })}>{t('act.newPlan')}</a>}</header>
      <PlanLine plan={plan} />
    </section>
  ))}</>;
}

/** Time on the left, who is reached how on the right; the desk's ladder beside it. */
function PlanLine({ plan }: { plan: Plan }) {
  return (
    <>
      <p class="dim small">{t('plan.kinds')}: {plan.kinds.map(kindName).join(' · ')}{conditions(plan).map((text) => <i key={text} class="flag">{text}</i>)}</p>
      <PriceLine price={pricePlan(plan)} />
      <div class="plan-body">
        <ol class="plan-line" aria-label={t('plan.steps')}>
          {plan.steps.map((step) => <li key={step.atS}><time class="digits">{at(step.atS)}</time><span>{step.actions.map((a) => <span key={`${a.target}${a.channel}`} class={`call ${a.channel}`}>{t(`channel.${a.channel}`)} {t(`target.${a.target}`)}</span>)}</span></li>)}
          <li class="dim"><time class="digits">{at(plan.roundS)}</time><span>{t('plan.nextRound')}</span></li>
        </ol>
        <ol class="plan-line desk-line" aria-label={t('plan.desk')}>
          <li class="dim"><span>{plan.desk.length === 0 ? t('plan.noDesk') : t('plan.desk')}</span></li>
          {plan.desk.map((rung) => <li key={rung.atS}><time class="digits">{at(rung.atS)}</time><span>{t(`rung.${rung.ring}`)}</span></li>)}
        </ol>
      </div>
    </>
  );
}
/** For whom and when it holds, where not for all. */
const conditions = ({ priority, hours, risk }: Plan): string[] => [priority && t('plan.onlyPriority', { n: priority }), hours && `${hours.from}–${hours.to}`, risk && t(`plan.risk.${risk}`)].filter((text): text is string => Boolean(text));

/** What it costs whoever it calls, and how long each rung takes. */
function PriceLine({ price }: { price: PlanPrice }) {
  const most = price.in5Min.n === 0 ? null : t('plan.priceMost', { five: `${price.in5Min.n}/${price.in5Min.allowed}`, hour: `${price.inHour.n}/${price.inHour.allowed}` });
  const times = t('plan.price', { first: price.firstCallS === null ? '–' : at(price.firstCallS), last: at(price.lastRungS), texts: price.texts, calls: price.calls });
  return <p class="small" data-test="price">{[times, most].filter(Boolean).join(' · ')}</p>;
}
const at = (s: number): string => (s === 0 ? t('plan.soon') : duration(s * 1000, lang.value));
