/** The frame of the pages: login, or the strip, the bars and the page; and what starts and ends with a login. */
import { useEffect } from 'preact/hooks';
import { t } from '#wall/i18n/text.ts';
import { fetchPages, shownPage } from '#wall/pages/registry.tsx';
import { Bars, GatewayBar } from '#wall/shell/bars.tsx';
import { Calls } from '#wall/shell/calls.tsx';
import { DrillStrip } from '#wall/shell/drill-strip.tsx';
import { Guard } from '#wall/shell/guard.tsx';
import { Help } from '#wall/shell/help.tsx';
import { type Late, late } from '#wall/shell/late.tsx';
import { Leave } from '#wall/shell/leave.tsx';
import { LeaveShift } from '#wall/shell/leave-shift.tsx';
import { Login } from '#wall/shell/login.tsx';
import { Strip } from '#wall/shell/strip.tsx';
import { Announcer, Toasts } from '#wall/shell/toasts.tsx';
import { startKeeping } from '#wall/state/away.ts';
import { startBoard } from '#wall/state/board.ts';
import { startCounty } from '#wall/state/county.ts';
import { bulk, factorOpen, figuresOpen, passwordOpen, phoneIn, pinOpen, seatOpen, soundOpen, unheardOpen } from '#wall/state/dialogs.ts';
import { filterEditor, startFilters } from '#wall/state/filters.ts';
import { selected, startTelling } from '#wall/state/selection.ts';
import { askWhoIAm, hearsAlarms, login, mayAct, me } from '#wall/state/session.ts';
import { audioReport, sound, startSounding } from '#wall/state/sounding.ts';
import { startVigilance, takeInput } from '#wall/state/vigilance.ts';
import { health, openCounts, startWall, unclaimedP1 } from '#wall/state/wall.ts';

/** What is not for the first row is fetched when the desk has had it. */
const restAfterMs = 2_000;
type Asked = typeof import('#wall/shell/asked.tsx').asked;
const asked = (name: keyof Asked): Late => late(async () => (await import('#wall/shell/asked.tsx')).asked[name]);
const FactorGate = asked('FactorGate');
/** Each with what opens it. */
const dialogs = [
  [passwordOpen, asked('PasswordDialog')], [factorOpen, asked('FactorDialog')], [pinOpen, asked('PinDialog')], [seatOpen, asked('SeatDialog')],
  [bulk, asked('BulkDialog')], [soundOpen, asked('SoundDialog')], [filterEditor, asked('FilterDialog')], [figuresOpen, asked('FiguresDialog')], [unheardOpen, asked('UnheardDialog')],
] as const;
const PhoneIn = late(async () => (await import('#wall/shell/phone-in.tsx')).PhoneIn);
function fetchRest(): void {
  fetchPages();
  void PhoneIn.fetch();
  for (const [, Dialog] of dialogs) void Dialog.fetch();
}

export function App() {
  if (me.value === undefined) return <p class="empty dim waiting">{t('common.loading')}</p>;
  if (me.value === null) return <Login />;
  if (me.value.proof === 'none') return <FactorGate />;
  return <Desk key={login.value} />;
}

function Desk() {
  useEffect(() => { const timer = setTimeout(fetchRest, restAfterMs); return () => clearTimeout(timer); }, []);
  useEffect(() => {
    const stopCounty = startCounty(hearsAlarms.peek());
    if (!hearsAlarms.peek()) return stopCounty;
    const stopSounding = startSounding();
    const wall = startWall({ audio: audioReport, takeInput, looking: () => selected.peek(), onChange: sound, onRefused: () => void askWhoIAm() });
    const stopKeeping = startKeeping();
    const stopBoard = mayAct.peek() ? startBoard() : () => {};
    const stopFilters = startFilters();
    const stopVigilance = startVigilance(wall.beat);
    const stopTelling = mayAct.peek() ? startTelling(wall.beat) : () => {};
    return () => { stopFilters(); stopTelling(); stopVigilance(); stopBoard(); stopKeeping(); wall.stop(); stopCounty(); stopSounding(); selected.value = null; };
  }, []);
  // 2 unclaimed P1: seen on the tab even when the window is behind another
  const urgent = unclaimedP1.value.length;
  useEffect(() => { document.title = `${urgent > 0 ? `▲${urgent} ` : (openCounts.value[0] ?? 0) > 0 ? `(${openCounts.value[0]}) ` : ''}${t('app.name')}`; });
  return (
    <div class={`desk link-${hearsAlarms.value ? health.value : 'none'}`}>
      <Strip />
      {hearsAlarms.value ? <Bars /> : <div class="bars"><GatewayBar /></div>}
      {mayAct.value && <Calls />}
      {hearsAlarms.value && <DrillStrip />}
      <Page />
      <Toasts />
      <Announcer />
      <Help />
      {phoneIn.value && <PhoneIn />}
      <Leave />
      <LeaveShift />
      {dialogs.map(([open, Dialog], i) => open.value && <Dialog key={i} />)}
    </div>
  );
}

function Page() {
  const entry = shownPage.value;
  if (entry === null) return <main class="page"><p class="empty dim" data-test="no-page">{t('nav.notYours')}</p></main>;
  const { name, show: Show } = entry;
  return name === 'wall' ? <Show key={name} /> : <Guard key={name}><Show /></Guard>;
}
