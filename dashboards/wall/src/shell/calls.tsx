/**
 * The strip of calls that come in: below the bars, oldest first, never over an alarm (UI 1.1). Who calls stands masked; the number
 * in full stands large for the console that answers, to be dialled back by hand. What nobody answered stays in the list of missed calls.
 */
import { signal } from '@preact/signals';
import type { CallView } from '#core/live.ts';
import { clockSeconds, duration } from '#wall/format/time.ts';
import { spaced } from '#wall/format/phone.ts';
import { lang, t } from '#wall/i18n/text.ts';
import { answer, endTalking, missed, onLine, ringing } from '#wall/state/calls.ts';
import { openPhoneIn } from '#wall/state/dialogs.ts';
import { serverNow } from '#wall/state/wall.ts';
import { Dialog } from './dialog.tsx';

const missedOpen = signal(false);

export function Calls() {
  if (ringing.value.length === 0 && missed.value.length === 0 && onLine.value === null) return null;
  return (
    <section class="calls" aria-label={t('calls.title')} data-test="calls">
      <OnLine />
      <ul>{ringing.value.map((call) => <Ringing key={call.id} call={call} />)}</ul>
      {missed.value.length > 0 && <button type="button" class="call-missed" data-test="missed" onClick={() => { missedOpen.value = true; }}>{t('calls.missed', { n: missed.value.length })}</button>}
      {missedOpen.value && <Missed />}
    </section>
  );
}

/** 陈*水 · 均溪镇仙亭村 · 一键电话: whoever it is, in the words of the county. */
function whoCalls(call: CallView): string {
  const who = call.name === null ? t(`calls.matched.${call.matched}`) : call.matched === 'contact' ? t('calls.family', { who: call.name }) : call.name;
  const place = `${call.town ?? ''}${call.village ?? ''}`;
  return [who, place, call.name !== null && call.matched === 'device' ? t('calls.matched.device') : ''].filter((part) => part !== '').join(' · ');
}

function CallFacts({ call }: { call: CallView }) {
  return (
    <>
      <b class="call-who">{whoCalls(call)}</b>
      <span class="digits dim">{call.from ?? t('calls.withheld')}</span>
      {call.count > 1 && <span class="dim">{t('calls.times', { n: call.count })}</span>}
      {call.alertId !== null && <span class="flag">{t('calls.raised')}</span>}
    </>
  );
}

function Ringing({ call }: { call: CallView }) {
  return (
    <li class="call-row" data-test="call" data-id={call.id}>
      <span class="call-mark" aria-hidden="true">☎</span><span class="call-word">{t('calls.ringing')}</span>
      <CallFacts call={call} />
      <span class="digits dim">{t('calls.since', { s: duration(Math.max(0, serverNow.value - call.at), lang.value) })}</span>
      <button type="button" class="bar-button" onClick={() => void answer(call)}>{t('act.openCall')}</button>
    </li>
  );
}

function OnLine() {
  const line = onLine.value;
  if (line === null) return null;
  const { call, from } = line;
  return (
    <div class="call-line" data-test="on-line">
      <span class="call-word">{t('calls.talking')}</span><b class="call-who">{whoCalls(call)}</b>
      <span class="dial-number digits">{from === null ? t('calls.withheld') : spaced(from)}</span>
      {call.alertId === null && <button type="button" class="bar-button" onClick={() => openPhoneIn({ from: from ?? '', who: call.personId === null || call.name === null ? null : { id: call.personId, label: call.name } })}>{t('act.raise')}</button>}
      <button type="button" class="bar-button" onClick={endTalking}>{t('act.endCall')}</button>
    </div>
  );
}

function Missed() {
  return (
    <Dialog title={t('calls.missedTitle')} onClose={() => { missedOpen.value = false; }} wide>
      <ul class="missed-list" data-test="missed-list">
        {missed.value.map((call) => (
          <li key={call.id} class="call-row">
            <time class="digits dim">{clockSeconds(call.at)}</time><CallFacts call={call} />
            <button type="button" class="small-button" onClick={() => { missedOpen.value = false; void answer(call); }}>{t('act.openCall')}</button>
          </li>
        ))}
      </ul>
    </Dialog>
  );
}
