/** The tests of a device, in the order of its model's profile: what to do, the tick and how long it took as the house measured it; asked each two seconds. */
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { Card, Press } from './parts.tsx';
import { look, now, online, profiles } from './state.ts';
import type { Installation, Visit } from './shapes.ts';
import { clock, fill, said, w } from './words.ts';

const lookMs = 2_000;
type Step = Installation['steps'][number];

export function Steps({ visit }: { visit: Visit }) {
  const trouble = useSignal<string | null>(null);
  const server = visit.server;
  const id = visit.serverId;
  useEffect(() => {
    if (id === null) return;
    void look(visit.id, id);
    const timer = setInterval(() => { if (!document.hidden) void look(visit.id, id); }, lookMs);
    return () => clearInterval(timer);
  }, [visit.id, id]);
  const profile = profiles.value.find((p) => p.model === (server?.model ?? visit.model));
  const steps: readonly Step[] = server?.steps ?? (profile?.steps ?? []).map((s) => ({ ...s, state: 'waiting', ms: null, why: null }));
  const run = async (what: Parameters<typeof now>[1], body: Record<string, unknown>): Promise<void> => { trouble.value = await now(visit, what, body); };
  const passed = steps.length > 0 && steps.every((s) => s.state === 'passed');
  return (
    <Card title={w().steps} mark={passed ? w().passed : null} test="steps">
      {!online.value && <p class="told">{w().stepsOffline}</p>}
      {profile && <p class="dim">{fill(w().onSite, { n: Math.ceil(profile.onSiteMs / 60_000) })}</p>}
      {server?.testUntil != null && <p class="dim">{fill(w().testUntil, { time: clock(server.testUntil) })} <button type="button" class="small" data-test="longer" onClick={() => void run('test', { minutes: 30 })}>{w().longer}</button></p>}
      {server?.alerts.map((a) => <Alarm key={a.id} visit={visit} alert={a} run={run} />)}
      {trouble.value && <p class="trouble" role="alert">{trouble.value}</p>}
      <ol class="steps">{steps.map((s) => <StepLine key={s.step} step={s} live={id !== null && online.value} run={run} />)}</ol>
      {(server?.probation ?? profile?.probation ?? []).length > 0 && <details><summary>{w().later}</summary><ul>{(server?.probation ?? profile?.probation ?? []).map((p) => <li key={p.zh}>{said(p)}</li>)}</ul></details>}
    </Card>
  );
}

function StepLine({ step, live, run }: { step: Step; live: boolean; run(what: 'start' | 'voice', body: Record<string, unknown>): Promise<void> }) {
  return (
    <li class={step.state} data-test="step" data-step={step.step} data-state={step.state}>
      <p><b>{step.state === 'passed' ? '✓ ' : step.state === 'failed' ? '✗ ' : ''}{said(step)}</b> <span class="dim">{step.ms !== null ? fill(w().seconds, { n: (step.ms / 1000).toFixed(1) }) : step.state === 'waiting' ? fill(w().upTo, { n: Math.round(step.waitMs / 1000) }) : w()[step.state === 'failed' ? 'bad' : 'passed']}</span></p>
      {step.state !== 'passed' && step.how && <p>{said(step.how)}</p>}
      {step.why && <p class={step.state === 'failed' ? 'trouble' : 'dim'}>{said(step.why)}</p>}
      {live && step.state !== 'passed' && step.start && <Press test="start-step" onClick={() => void run('start', { step: step.step })}>{w().start}</Press>}
      {live && step.state !== 'passed' && step.human && <div class="pair"><Press test="heard" onClick={() => void run('voice', { heard: true, by: 'installer', at: Date.now() })}>{w().heardYes}</Press><Press test="not-heard" onClick={() => void run('voice', { heard: false, by: 'installer', at: Date.now() })}>{w().heardNo}</Press></div>}
    </li>
  );
}

/** Asked of every alarm under test: unanswered it becomes real. */
function Alarm({ visit, alert, run }: { visit: Visit; alert: Installation['alerts'][number]; run(what: 'answer', body: Record<string, unknown>): Promise<void> }) {
  const left = alert.realAt === null ? null : Math.max(0, Math.round((alert.realAt - Date.now() - visit.skewMs) / 1000));
  return (
    <section class="card asked" role="alert" data-test="was-you">
      <h3>{w().wasYou}</h3>
      {left !== null && <p>{fill(w().becomesReal, { n: left })}</p>}
      <div class="pair"><Press test="mine" kind="strong" onClick={() => void run('answer', { alertId: alert.id, mine: true })}>{w().yesMine}</Press><Press test="not-mine" onClick={() => void run('answer', { alertId: alert.id, mine: false })}>{w().notMine}</Press></div>
    </section>
  );
}
