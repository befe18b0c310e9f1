/** The bars nobody can miss: dead link, silent console, no real phone behind the gateway. They push the page down, they never cover it. */
import { clockSeconds, duration } from '#wall/format/time.ts';
import type { StandbyCase } from '#core/live.ts';
import { kindName, lang, maybeText, t } from '#wall/i18n/text.ts';
import { audioState } from '#wall/sound/engine.ts';
import { CallbackBar } from '#wall/case/board.tsx';
import { endTalking, talking } from '#wall/state/calls.ts';
import { regions } from '#wall/state/county.ts';
import { shownFrom } from '#wall/state/away.ts';
import { factorOpen } from '#wall/state/dialogs.ts';
import { hearsAlarms, mayAct, me } from '#wall/state/session.ts';
import { shift } from '#wall/state/duty.ts';
import { confirmHeard, playTestAgain, startShift } from '#wall/state/sounding.ts';
import { flood, unfolded } from '#wall/state/flood.ts';
import { question } from '#wall/state/vigilance.ts';
import { dataAgeMs, health, live, serverNow, unclaimedP1 } from '#wall/state/wall.ts';

export function Bars() {
  return (
    <div class="bars">
      <AwayBar />
      <LinkBar />
      <StandbyBar />
      <AuditBar />
      <SoundBar />
      <VigilanceBar />
      <TalkBar />
      <FloodBar />
      <FactorBar />
      {mayAct.value && <CallbackBar />}
      <GatewayBar />
    </div>
  );
}

/** What is shown was kept: nobody may take it for the present. */
function AwayBar() {
  if (shownFrom.value === null) return null;
  return <div class="bar dead" role="alert" data-test="away-bar"><b>{t('away.bar', { time: clockSeconds(shownFrom.value) })}</b><span>{t('away.do')}</span></div>;
}

function LinkBar() {
  if (health.value === 'dead') return (
    <div class="bar dead" role="alert" data-test="dead-bar">
      <b>{t('bar.dead', { s: duration(dataAgeMs.value, lang.value) })}</b><span>{t('bar.deadDo')}</span>
    </div>
  );
  if (health.value === 'late') return <div class="bar late" role="status" data-test="late-bar"><b>{t('bar.late', { s: Math.floor(dataAgeMs.value / 1000) })}</b></div>;
  return null;
}

/** 降级运行: the database is away, standby calls; what it knows, and whom a hand can dial. */
function StandbyBar() {
  const cases = live.value.standby;
  if (cases === null) return null;
  return (
    <div class="bar dead" role="alert" data-test="standby-bar">
      <b>{t('bar.standby')}</b><span>{t('bar.standbyDo')}</span>
      <ul class="standby-cases">{cases.map((c) => <StandbyLine key={c.key} c={c} />)}</ul>
    </div>
  );
}

function StandbyLine({ c }: { c: StandbyCase }) {
  return (
    <li data-test="standby-case" data-state={c.state}>
      <b>{kindName(c.kind)} {c.village ?? c.town ?? ''} {c.name ?? ''}</b><span class="digits">{duration(c.ageMs, lang.value)}</span><b>{t(`state.${c.state}`)}</b>
      <span>{t('bar.standbyTold')} {c.reached.map((p) => `${p.role} ${p.name} ${maybeText(`engagement.${p.state ?? 'notified'}`) ?? ''}`).join(' · ') || t('bar.standbyNobody')}</span>
      {c.state === 'open' && c.dial.length > 0 && <span>{t('bar.standbyDial')} {c.dial.map((p) => `${p.role} ${p.name} ${p.phone}`).join(' · ')}</span>}
    </li>
  );
}

/** 核查发现: what should have happened and has not, said by a process that does nothing else; or that it has fallen silent. */
function AuditBar() {
  const audit = live.value.beat?.audit;
  if (!audit) return null;
  return (
    <div class="bar silent" role="alert" data-test="audit-bar">
      {audit.found.length > 0 && <><b>{t('bar.audit')}</b><span>{audit.found.map(({ kind, n }) => `${maybeText(`audit.${kind}`) ?? kind} ${n}`).join(lang.value === 'zh' ? '、' : ', ')}</span><span>{t('bar.auditDo')}</span></>}
      {audit.silentMs !== null && <><b>{t('bar.auditSilent', { s: duration(audit.silentMs, lang.value) })}</b><span>{t('bar.auditSilentDo')}</span></>}
    </div>
  );
}

function SoundBar() {
  if (audioState.value === 'none') return <div class="bar silent" role="status"><b>{t('bar.noAudio')}</b></div>;
  if (audioState.value !== 'running') return (
    <div class="bar silent" role="status" data-test="silent-bar">
      <b>{t('bar.silent')}</b><span>{t('bar.silentDo')}</span>
      <button type="button" class="bar-button" onClick={() => void startShift()}>{t('act.start')}</button>
    </div>
  );
  if (shift.value === 'off') return (
    <div class="bar ask" role="status" data-test="shift-bar">
      <b>{t('bar.unproven')}</b><span class="dim">{t('bar.unprovenDo')}</span>
      <button type="button" class="bar-button" onClick={() => void startShift()}>{t('act.start')}</button>
    </div>
  );
  if (shift.value === 'ask') return (
    <div class="bar ask" role="status" data-test="heard-bar">
      <b>{t('bar.heardQuestion')}</b>
      <button type="button" class="bar-button" onClick={confirmHeard}>{t('act.heard')}</button>
      <button type="button" class="bar-button plain" onClick={playTestAgain}>{t('act.notHeard')}</button>
      <span>{t('bar.heardTips')}</span>
    </div>
  );
  return null;
}

/** 警情潮: what the wall does by itself meanwhile, and the way back. Emergencies stand and ring as ever. */
function FloodBar() {
  const now = flood.value;
  if (now === null) return null;
  return (
    <div class="bar ask" role="status" data-test="flood-bar">
      <b>{t('flood.bar', { n: now.lastTen, m: now.operators })}</b><span>{t(unfolded.value ? 'flood.shown' : 'flood.do')}</span>
      <button type="button" class="bar-button" data-test="flood-fold" onClick={() => { unfolded.value = !unfolded.value; }}>{t(unfolded.value ? 'act.fold' : 'act.unfold')}</button>
    </div>
  );
}

/** 通话中: the alarms that wait meanwhile, by eye instead of by ear; the other seat rings as always. */
function TalkBar() {
  if (!talking.value) return null;
  const waiting = unclaimedP1.value.length;
  return (
    <div class={waiting > 0 ? 'bar silent flash' : 'bar ask'} role={waiting > 0 ? 'alert' : 'status'} data-test="talk-bar">
      <b>{waiting > 0 ? t('bar.talkingWaits', { n: waiting }) : t('bar.talking')}</b><button type="button" class="bar-button" onClick={endTalking}>{t('act.endCall')}</button>
    </div>
  );
}

/** The second step of the login is owed: alarms only. */
function FactorBar() {
  if (me.value?.proof !== 'desk') return null;
  return <div class="bar ask" role="status" data-test="factor-bar"><b>{t('factor.deskOnly')}</b><button type="button" class="bar-button" onClick={() => { factorOpen.value = true; }}>{t('factor.finish')}</button></div>;
}

/** Any key or click answers it; the button is for whoever looks for one. */
function VigilanceBar() {
  const asked = question.value;
  if (!asked || !mayAct.value) return null;
  return (
    <div class="bar ask vigilance" role="alert" data-test="vigilance-bar">
      <b>{t('bar.vigilance')}</b>
      <button type="button" class="bar-button">{t('act.awake')}</button>
      <span>{t('bar.vigilanceDo', { s: duration(serverNow.value - asked.askedAt, lang.value) })}</span>
      {asked.missed > 0 && <b class="warn">{t('bar.vigilanceMissed', { n: asked.missed })}</b>}
    </div>
  );
}

/** Whose data this is and whether a telephone rings: on every page, for every role; both lines when real and demonstration data stand side by side. */
export function GatewayBar() {
  const beat = live.value.beat;
  const standin = beat?.gateway === 'standin';
  // Who has no link to alarms knows it from the regions.
  const demo = hearsAlarms.value ? beat?.demo === true : (regions.value?.some((r) => r.demo) ?? false);
  const readOnly = hearsAlarms.value && !mayAct.value;
  return (
    <>
      {beat?.danger && <div class="bar silent" role="status" data-test="danger-bar"><b>{t('bar.standinReal')}</b></div>}
      {(demo || standin || readOnly) && (
        <div class="bar quiet" data-test="gateway-bar">
          {demo && <span class="bar-strong">{t('bar.demo')}</span>}
          {beat?.aheadMs && <span>{t('bar.ahead', { s: duration(beat.aheadMs, lang.value) })}</span>}
          {standin && !beat?.danger && <span>{t('bar.standin')}</span>}
          {readOnly && <span>{t('bar.readOnly')}</span>}
        </div>
      )}
    </>
  );
}
