/** One device at one home, from the scan to the certificate: each card keeps its step at once, with or without a network. */
import { useSignal } from '@preact/signals';
import { readScan } from '#core/label.ts';
import { charCount, placeCharsMax } from '#core/registry.ts';
import { ask } from './api.ts';
import { forget, useDraft } from './draft.ts';
import { Card, Choice, Field, PictureButton, Press, Scanner, SignBox } from './parts.tsx';
import { smallJpeg } from './pictures.ts';
import { type Signer, signers } from './refuse.tsx';
import { go, to } from './route.ts';
import { adopt, dropStep, homeOf, newVisit, online, press, tryAgain, visits } from './state.ts';
import { Steps } from './steps.tsx';
import type { Visit } from './shapes.ts';
import { clock, fill, said, w } from './words.ts';

export function VisitPage({ id }: { id: string }) {
  const fresh = id.startsWith('new-') ? id.slice(4) : null;
  const visit = visits.value.find((v) => v.id === id);
  if (fresh !== null) return <><p><a class="button" href={to('home', fresh)}>{w().back}</a></p><Begin homeId={fresh} /></>;
  if (visit === undefined) return <p><a class="button" href="#/">{w().back}</a></p>;
  const over = visit.refusal || visit.kept.fail !== undefined || (visit.server !== null && visit.server.state !== 'begun');
  return (
    <>
      <p><a class="button" href={to('home', visit.homeId)}>{w().back}</a></p>
      <h2 class="what">{homeOf(visit.homeId)?.place ?? visit.homeId} · {visit.refusal ? w().refuse : (visit.deviceId ?? visit.code)}{visit.room && ` · ${visit.room}`}</h2>
      {visit.trouble && <TroubleCard visit={visit} />}
      <Result visit={visit} />
      {!over && <>
        {visit.serverId === null && <p class="told" data-test="not-begun">{w().notBegun}</p>}
        <Consent visit={visit} />
        <SmsPlace visit={visit} />
        <Steps visit={visit} />
        <Photo visit={visit} />
        <Position visit={visit} />
        <Signature visit={visit} />
        <End visit={visit} />
      </>}
    </>
  );
}

function TroubleCard({ visit }: { visit: Visit }) {
  const sure = useSignal(false);
  const t = visit.trouble;
  if (t === null) return null;
  const whole = t.step === 'begin' || t.step === 'refuse';
  const why = w().why;
  return (
    <section class="card bad" role="alert" data-test="trouble">
      <h2>{w().trouble}</h2>
      <p>{whole && t.reason === 'gone' ? w().unknownDevice : t.reason in why && t.reason !== 'other' ? why[t.reason as keyof typeof why] : fill(why.other, { text: t.text || String(t.status) })}</p>
      {t.reason !== 'missing' && <div class="pair"><Press test="retry" kind="strong" onClick={() => void tryAgain(visit)}>{w().retry}</Press>{t.adopt !== null && <Press test="adopt" onClick={() => void adopt(visit, t.adopt ?? '')}>{w().adopt}</Press>}
        <Press test="drop" onClick={() => { if (!whole || sure.value) void dropStep(visit); else sure.value = true; }}>{whole ? w().discardAll : w().discard}</Press></div>}
      {sure.value && <p>{w().discardSure}</p>}
    </section>
  );
}

function Begin({ homeId }: { homeId: string }) {
  const [code, room, person] = [useDraft(`${homeId}.code`), useDraft(`${homeId}.room`), useDraft(`${homeId}.person`)];
  const known = useSignal<string | null>(null);
  const trouble = useSignal<string | null>(null);
  const take = async (text: string): Promise<void> => {
    const scan = readScan(text);
    known.value = null;
    trouble.value = scan === null ? w().unread : scan.kind === 'door' ? w().isDoor : null;
    if (scan === null || scan.kind === 'door') return;
    code.value = scan.kind === 'device' ? scan.id : scan.serial;
    await lookUp();
  };
  const lookUp = async (): Promise<string | null> => {
    if (code.value.trim() === '') return null;
    const answer = await ask<{ deviceId: string; type: string; profile: { name: string } | null }>('GET', `/installations/device?code=${encodeURIComponent(code.value.trim())}`);
    if (answer.ok) { known.value = `${fill(w().knownDevice, { id: answer.value.deviceId })} · ${answer.value.profile?.name ?? answer.value.type}`; trouble.value = null; return answer.value.deviceId; }
    if (answer.problem.status === 404) trouble.value = w().unknownDevice;
    return null;
  };
  const begin = async (): Promise<void> => {
    const typed = code.value.trim();
    const deviceId = online.value ? await lookUp() : null;
    if (trouble.value !== null) return;
    const visit = newVisit(homeId, { code: typed, deviceId, room: room.value.trim() });
    const body = { deviceId: deviceId ?? typed, homeId, ...(person.value === '' ? {} : { personId: person.value }), ...(visit.room === '' ? {} : { room: visit.room }) };
    if (!(await press(visit, 'begin', body, typed))) return;
    for (const name of ['code', 'room', 'person']) forget(`${homeId}.${name}`);
    go('visit', visit.id);
  };
  const people = homeOf(homeId)?.people ?? [];
  return (
    <Card title={w().device} test="device">
      <Scanner onText={(text) => void take(text)} />
      <Field label={w().typed} name="code" value={code.value} maxLength={64} onInput={(text) => { code.value = text; known.value = null; trouble.value = null; }} />
      {known.value && <p data-test="known">✓ {known.value}</p>}
      {!online.value && code.value !== '' && <p class="dim">{w().deviceLater}</p>}
      {trouble.value && <p class="trouble" role="alert">{trouble.value}</p>}
      <Field label={w().room} name="room" value={room.value} hint={w().roomHint} maxLength={40} onInput={(text) => { room.value = text; }} />
      {people.length > 0 && <Choice label={w().wornBy} name="person" value={person.value} options={[['', w().nobody] as const, ...people.map((p) => [p.personId, p.name] as const)]} onChange={(p) => { person.value = p; }} />}
      <Press test="begin" kind="strong" disabled={code.value.trim() === ''} onClick={() => void begin()}>{w().begin}</Press>
    </Card>
  );
}

function Consent({ visit }: { visit: Visit }) {
  const [who, how] = [useSignal<Signer | ''>(''), useSignal<'paper' | 'spoken' | 'signature' | ''>('')];
  return (
    <Card title={w().consent} mark={visit.kept.consent?.text} test="consent">
      <Choice label={w().who} name="consent-who" value={who.value} options={signers.map((s) => [s, w()[s]])} onChange={(s) => { who.value = s; }} />
      <Choice label={w().how} name="consent-how" value={how.value} options={(['paper', 'spoken', 'signature'] as const).map((h) => [h, w()[h]])} onChange={(h) => { how.value = h; }} />
      <Press test="keep-consent" disabled={who.value === '' || how.value === ''} onClick={() => void press(visit, 'consent', { who: who.value, how: how.value }, `${w()[who.value || 'elder']} ${w()[how.value || 'paper']}`)}>{w().save}</Press>
    </Card>
  );
}

function SmsPlace({ visit }: { visit: Visit }) {
  const text = useDraft(`${visit.id}.place`, homeOf(visit.homeId)?.place ?? '');
  const left = placeCharsMax - charCount(text.value.trim());
  return (
    <Card title={w().place} mark={visit.kept.place?.text} test="place">
      <Field label={w().placeHelp} name="place" value={text.value} onInput={(t) => { text.value = t; }} />
      <p class={left < 0 ? 'trouble' : 'dim'} aria-live="polite">{left < 0 ? fill(w().over, { n: -left }) : fill(w().left, { n: left })}</p>
      <Press test="keep-place" disabled={left < 0 || text.value.trim() === ''} onClick={() => void press(visit, 'place', { text: text.value.trim() }, text.value.trim())}>{w().save}</Press>
    </Card>
  );
}

function Photo({ visit }: { visit: Visit }) {
  const trouble = useSignal(false);
  const take = async (file: File): Promise<void> => {
    const data = await smallJpeg(file).catch(() => null);
    trouble.value = data === null;
    if (data !== null) await press(visit, 'photo', { data }, w().photoKept);
  };
  return (
    <Card title={w().photo} mark={visit.kept.photo && w().photoKept} test="photo">
      <PictureButton label={w().takePhoto} test="take-photo" onFile={(file) => void take(file)} />
      {trouble.value && <p class="trouble" role="alert">{w().unread}</p>}
    </Card>
  );
}

function Position({ visit }: { visit: Visit }) {
  const [lat, lon, accuracy, trouble] = [useDraft(`${visit.id}.lat`), useDraft(`${visit.id}.lon`), useSignal<number | null>(null), useSignal(false)];
  const locate = (): void => {
    if (!isSecureContext || navigator.geolocation === undefined) { trouble.value = true; return; }
    navigator.geolocation.getCurrentPosition(({ coords }) => { trouble.value = false; lat.value = coords.latitude.toFixed(6); lon.value = coords.longitude.toFixed(6); accuracy.value = Math.ceil(coords.accuracy); }, () => { trouble.value = true; }, { enableHighAccuracy: true, timeout: 20_000, maximumAge: 30_000 });
  };
  const [y, x] = [Number(lat.value), Number(lon.value)];
  const fits = lat.value.trim() !== '' && lon.value.trim() !== '' && Math.abs(y) <= 90 && Math.abs(x) <= 180;
  // What was typed is right to about a house: its digits say no more.
  const keep = (): void => { void press(visit, 'position', { lat: y, lon: x, accuracyM: accuracy.value ?? 50, crs: 'wgs84' }, `${y}, ${x}`); };
  return (
    <Card title={w().position} mark={visit.kept.position?.text} test="position">
      <Press test="locate" onClick={locate}>{w().locate}</Press>
      {trouble.value && <p class="trouble" role="alert">{w().noLocate}</p>}
      <div class="pair"><Field label={w().lat} name="lat" decimal value={lat.value} onInput={(t) => { lat.value = t; accuracy.value = null; }} /><Field label={w().lon} name="lon" decimal value={lon.value} onInput={(t) => { lon.value = t; accuracy.value = null; }} /></div>
      {accuracy.value !== null && <p data-test="accuracy">{fill(w().accuracy, { n: accuracy.value })}</p>}
      <Press test="keep-position" disabled={!fits} onClick={keep}>{w().save}</Press>
    </Card>
  );
}

function Signature({ visit }: { visit: Visit }) {
  const [who, png] = [useSignal<Signer | ''>(''), useSignal<string | null>(null)];
  return (
    <Card title={w().sign} mark={visit.kept.signature?.text} test="signature">
      <Choice label={w().who} name="sign-who" value={who.value} options={signers.map((s) => [s, w()[s]])} onChange={(s) => { who.value = s; }} />
      <SignBox onSign={(data) => { png.value = data; }} />
      <Press test="keep-signature" disabled={who.value === '' || png.value === null} onClick={() => void press(visit, 'signature', { data: png.value, who: who.value }, w()[who.value || 'elder'])}>{w().save}</Press>
    </Card>
  );
}

const failReasons = ['no-signal', 'no-alarm', 'device-broken', 'no-power', 'nobody-home', 'other'] as const;
function End({ visit }: { visit: Visit }) {
  const [failing, reason, text] = [useSignal(false), useSignal<(typeof failReasons)[number] | ''>(''), useSignal('')];
  const missing = visit.server?.missing ?? [];
  const fail = (): void => { const note = text.value.trim(); void press(visit, 'fail', { reason: reason.value, ...(note === '' ? {} : { note }) }, w().reason[reason.value || 'other']); };
  return (
    <Card title={w().finish} mark={visit.kept.finish && w().saved} test="end">
      {missing.length > 0 && <div data-test="missing"><b>{w().missing}</b><ul>{missing.map((m) => <li key={m.what}>{said(m)}</li>)}</ul></div>}
      {visit.kept.finish && <p>{w().finishKept}</p>}
      <Press test="finish" kind="strong" onClick={() => void press(visit, 'finish', {}, w().saved)}>{w().finish}</Press>
      <Press test="failing" onClick={() => { failing.value = !failing.value; }}>{w().fail}</Press>
      {failing.value && <>
        <Choice label={w().failWhy} name="fail" value={reason.value} options={failReasons.map((r) => [r, w().reason[r]])} onChange={(r) => { reason.value = r; }} />
        <Field label={w().note} name="fail-note" value={text.value} maxLength={200} onInput={(t) => { text.value = t; }} />
        <Press test="keep-fail" kind="strong" disabled={reason.value === ''} onClick={fail}>{w().fail}</Press>
      </>}
    </Card>
  );
}

function Result({ visit }: { visit: Visit }) {
  const server = visit.server;
  if (visit.refusal) return <section class="card" data-test="result"><h2>{w().refusedTold}</h2></section>;
  if (visit.kept.fail || server?.state === 'failed') return <section class="card" data-test="result"><h2>{w().failedTold}</h2>{server?.reasons.map((r) => <p key={r.what}>{said(r)}</p>)}</section>;
  if (server === null || server.state === 'begun') return null;
  const c = server.certificate;
  return (
    <section class="card good" data-test="result">
      <h2>{w().done} · {w().state[server.state]}</h2>
      {server.reasons.map((r) => <p key={r.what}>{said(r)}</p>)}
      {server.probationUntil !== null && <p>{fill(w().probation, { time: clock(server.probationUntil) })}</p>}
      {c && <><p>{w().certificate} <b>{c.number}</b></p><div class="pair"><a class="button" data-test="certificate" href={c.url}>{w().openCertificate}</a><a class="button" href={`/api/v1/installations/${server.id}/certificate.pdf`}>{w().openPdf}</a></div></>}
    </section>
  );
}
