/** The permanent strip: silence must be shown to be health. Link, age of the data, server clock, who can hear, what is open. */
import type { ComponentChildren } from 'preact';
import type { Priority } from '#core/event.ts';
import { clockSeconds, duration } from '#wall/format/time.ts';
import { lang, t } from '#wall/i18n/text.ts';
import { audioState, played } from '#wall/sound/engine.ts';
import { spoken } from '#wall/sound/voice.ts';
import { openPhoneIn, passwordOpen, seatOpen, soundOpen, unheardOpen } from '#wall/state/dialogs.ts';
import { county } from '#wall/state/county.ts';
import { lacking } from '#wall/state/duty.ts';
import { hearsAlarms, mayAct, me } from '#wall/state/session.ts';
import { chooseLang, chooseTheme, theme } from '#wall/state/settings.ts';
import { askAgain, mutedForMs, muteNow, playTestAgain, startShift } from '#wall/state/sounding.ts';
import { leaveFor } from '#wall/state/route.ts';
import { status } from '#wall/state/county.ts';
import { dataAgeMs, degraded, driftMs, health, live, notes, oldestWaiting, openCounts, serverNow } from '#wall/state/wall.ts';
import { slaStep } from '#wall/queue/order.ts';
import { Nav } from './nav.tsx';
import { Figures } from './figures.tsx';
import { leaveShift } from './leave-shift.tsx';
import { PriorityMark } from './shape.tsx';

export function Strip() {
  return (
    <header class="strip">
      <div class="strip-top">
        <a class="brand" href="#/wall"><img src="/bell.svg" alt="" width="26" height="26" /><b>{t('app.name')}</b></a>
        <Nav />
        <span class="grow" />
        {mayAct.value && <button type="button" class="tool" onClick={() => openPhoneIn()}>{t('act.phoneIn')}</button>}
        {hearsAlarms.value && <SoundControl />}
        <button type="button" class="tool" onClick={() => chooseTheme(theme.value === 'wall' ? 'desk' : 'wall')}>{theme.value === 'wall' ? t('strip.toDesk') : t('strip.toWall')}</button>
        <button type="button" class="tool" lang={lang.value === 'zh' ? 'en' : 'zh-CN'} onClick={() => chooseLang(lang.value === 'zh' ? 'en' : 'zh')}>{t('strip.lang')}</button>
        <button type="button" class="tool who-button" data-test="me" title={me.value ? `${t(`user.${me.value.role}`)} · ${t('act.password')}` : ''} onClick={() => { passwordOpen.value = true; }}>{me.value?.name}</button>
        {mayAct.value && <button type="button" class="tool" data-test="change-seat" onClick={() => { seatOpen.value = true; }}>{t('act.change')}</button>}
        <button type="button" class="tool" onClick={() => leaveFor(leaveShift)}>{t('act.logout')}</button>
      </div>
      {hearsAlarms.value && <Facts />}
    </header>
  );
}

function Facts() {
  return (
    <section class="strip-facts" aria-label={t('strip.label')}>
      <LinkState />
      <Fact name={t('strip.clock')}><span class="digits big" data-test="clock">{clockSeconds(serverNow.value)}</span>
        {driftMs.value > 2_000 && <span class="warn">{t('strip.drift', { s: Math.round(driftMs.value / 1000) })}</span>}</Fact>
      <OpenCounts />
      <Oldest />
      <Figures />
      <Hearing />
      <Post />
      <SelfCheck />
      <Consoles />
    </section>
  );
}

function Fact({ name, test, children }: { name: string; test?: string; children: ComponentChildren }) {
  return <div class="fact" data-test={test}><span class="fact-name">{name}</span><span class="fact-value">{children}</span></div>;
}

function LinkState() {
  const word = !live.value.synced && health.value === 'live' ? 'connecting' : (degraded.value || live.value.standby !== null) && health.value === 'live' ? 'degraded' : health.value;
  const seconds = (dataAgeMs.value / 1000).toFixed(word === 'live' ? 1 : 0);
  return (
    <div class={`fact link ${word}`} data-test="link" data-link={word}>
      <span class="fact-name">{t('strip.link')}</span>
      <span class="fact-value"><i class="link-dot" aria-hidden="true" /><b>{t(`strip.${word}`)}</b> <span class="digits dim">{t('strip.age', { s: seconds })}</span>
        {notes.value.some((n) => n.note === 'mismatch') && <span class="warn">{t('strip.mismatch', { n: notes.value.filter((n) => n.note === 'mismatch').length })}</span>}</span>
    </div>
  );
}

function OpenCounts() {
  return (
    <div class="fact counts" data-test="counts">
      {([1, 2, 3] as const satisfies readonly Priority[]).map((priority) => {
        const n = openCounts.value[priority - 1] ?? 0;
        return (
          <span key={priority} class={`count p${priority}${n === 0 ? ' zero' : ''}`} data-p={priority} data-n={n}>
            <PriorityMark priority={priority} hollow={n === 0} /><b class="digits" title={t('strip.open', { p: priority, n })}>{n}</b>
          </span>
        );
      })}
    </div>
  );
}

function Oldest() {
  const oldest = oldestWaiting.value;
  const age = oldest ? serverNow.value - oldest.openedAt : 0;
  return (
    <Fact name={t('strip.oldest')} test="oldest">
      {oldest ? <b class={`digits big sla${slaStep(age)}`}>{duration(age, lang.value)}</b> : <span class="dim">{t('strip.noneWaiting')}</span>}
    </Fact>
  );
}

function Hearing() {
  const n = live.value.beat?.cannotHear ?? 0;
  return (
    <div class="fact" data-test="unheard">
      <span class="fact-name">{t('strip.hear')}</span>
      {n > 0 ? <button type="button" class="link-button" onClick={() => { unheardOpen.value = true; }}><b>{t('strip.cannotHear', { n })}</b></button> : <span class="fact-value dim">{live.value.beat === null ? '–' : t((county.value?.counts.online ?? 1) > 0 ? 'strip.hearAll' : 'strip.hearNone')}</span>}
    </div>
  );
}

/** What the browser refused this desk, or took away; nothing where nothing is lacking. One press asks again. */
function Post() {
  if (lacking.value.length === 0) return null;
  return (
    <div class="fact" data-test="post" data-lacking={lacking.value.join(' ')}>
      <span class="fact-name">{t('duty.lacking')}</span>
      <span class="fact-value warn">{lacking.value.map((what) => t(`duty.no.${what}`)).join(' · ')}</span>
      <button type="button" class="small-button" title={t('duty.help')} onClick={askAgain}>{t('act.again')}</button>
    </div>
  );
}

/** 链路自检: when the house's own press last came out at the end, or why it does not. */
function SelfCheck() {
  const check = status.value?.canary;
  if (!check) return null;
  const minutes = (at: number): string => (serverNow.value - at < 60_000 ? duration(serverNow.value - at, lang.value) : duration(Math.floor((serverNow.value - at) / 60_000) * 60_000, lang.value).replace(/ ?00[分秒ms]$/, ''));
  return (
    <div class="fact" data-test="canary" data-state={check.state} title={check.reason ?? t('canary.help')}>
      <span class="fact-name">{t('canary.name')}</span>
      {check.state === 'good' && check.okAt !== null ? <span class="fact-value digits dim">{t('canary.good', { time: minutes(check.okAt) })}</span>
        : check.state === 'failing' ? <b class="flag grave">{t('canary.failing')}</b> : <span class="fact-value dim">{t('canary.none')}</span>}
    </div>
  );
}

function Consoles() {
  const consoles = live.value.beat?.consoles;
  if (!consoles) return null;
  return (
    <Fact name={t('strip.consoles', { n: consoles.open })} test="consoles">
      {consoles.hearing > 0 ? t('strip.hearing', { n: consoles.hearing }) : <b class="warn">{t('strip.noHearing')}</b>}
    </Fact>
  );
}

function SoundControl() {
  const running = audioState.value === 'running';
  const muted = mutedForMs.value > 0;
  return (
    <div class={`sound ${!running ? 'off' : muted ? 'muted' : 'on'}`} data-test="sound" data-audio={!running ? audioState.value : muted ? 'muted' : 'running'} data-p1={played.value['p1'] ?? 0} data-link={played.value['link'] ?? 0} data-said={spoken.value.at(-1)}>
      <button type="button" class="tool" data-test="sound-open" aria-label={t('sound.open')} title={t('sound.open')} onClick={() => { soundOpen.value = true; }}><SpeakerIcon silent={!running || muted} /></button>
      {running
        ? <button type="button" class="tool" onClick={playTestAgain} title={t('act.again')}>{muted ? t('strip.muted', { s: Math.ceil(mutedForMs.value / 1000) }) : t('strip.soundOn')}</button>
        : <button type="button" class="tool" onClick={() => void startShift()}>{t('strip.soundOff')}</button>}
      {running && <button type="button" class="tool" disabled={muted} onClick={muteNow}>{t('act.mute')}</button>}
    </div>
  );
}

function SpeakerIcon({ silent }: { silent: boolean }) {
  return (
    <svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      <path d="M3 9h4l6-5v16l-6-5H3Z" />
      {silent ? <path class="line" d="m16 9 6 6m0-6-6 6" /> : <path class="line" d="M16 8.5a5 5 0 0 1 0 7M18.5 6a8.5 8.5 0 0 1 0 12" />}
    </svg>
  );
}
