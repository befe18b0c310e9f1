/** The frame of the pages: login, or the strip, the bars and the page; and what starts and ends with a login. */
import { useEffect } from 'preact/hooks';
import { CasePanel } from '#wall/case/panel.tsx';
import { t } from '#wall/i18n/text.ts';
import { CountyMap } from '#wall/map/map.tsx';
import { Devices } from '#wall/pages/devices.tsx';
import { Quarantine } from '#wall/pages/quarantine.tsx';
import { Unregistered } from '#wall/pages/unregistered.tsx';
import { Queue } from '#wall/queue/queue.tsx';
import { Bars } from '#wall/shell/bars.tsx';
import { Guard } from '#wall/shell/guard.tsx';
import { Help } from '#wall/shell/help.tsx';
import { Login } from '#wall/shell/login.tsx';
import { PhoneIn } from '#wall/shell/phone-in.tsx';
import { Strip } from '#wall/shell/strip.tsx';
import { Announcer, Toasts } from '#wall/shell/toasts.tsx';
import { UnheardDialog } from '#wall/shell/unheard.tsx';
import { startCounty } from '#wall/state/county.ts';
import { page } from '#wall/state/route.ts';
import { selected } from '#wall/state/selection.ts';
import { askWhoIAm, me } from '#wall/state/session.ts';
import { audioReport, sound, startSounding } from '#wall/state/sounding.ts';
import { health, openCounts, startWall, unclaimedP1 } from '#wall/state/wall.ts';

export function App() {
  if (me.value === undefined) return <p class="empty dim waiting">{t('common.loading')}</p>;
  if (me.value === null) return <Login />;
  return <Desk key={me.value.id} />;
}

function Desk() {
  useEffect(() => {
    const stopSounding = startSounding();
    const stopWall = startWall({ audio: audioReport, onChange: sound, onRefused: () => void askWhoIAm() });
    const stopCounty = startCounty();
    return () => { stopWall(); stopCounty(); stopSounding(); selected.value = null; };
  }, []);
  // 2 unclaimed P1: seen on the tab even when the window is behind another
  const urgent = unclaimedP1.value.length;
  useEffect(() => { document.title = `${urgent > 0 ? `▲${urgent} ` : (openCounts.value[0] ?? 0) > 0 ? `(${openCounts.value[0]}) ` : ''}${t('app.name')}`; });
  return (
    <div class={`desk link-${health.value}`}>
      <Strip />
      <Bars />
      <Page />
      <Toasts />
      <Announcer />
      <Help />
      <PhoneIn />
      <UnheardDialog />
    </div>
  );
}

function Page() {
  switch (page.value) {
    case 'wall': return <main class={`wall${selected.value === null ? '' : ' with-case'}`}><Queue /><Guard><CountyMap /></Guard><Guard key={selected.value ?? ''}><CasePanel /></Guard></main>;
    case 'quarantine': return <Guard key="quarantine"><Quarantine /></Guard>;
    case 'unregistered': return <Guard key="unregistered"><Unregistered /></Guard>;
    case 'devices': return <Guard key="devices"><Devices /></Guard>;
  }
}
