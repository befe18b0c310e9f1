/** The frame of the installer's page: who, what waits, the login, the villages of the day. */
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { hotline } from '#core/messages.ts';
import { ask } from './api.ts';
import { dropVillage, keep, readKept } from './box.ts';
import { HomePage } from './home.tsx';
import { Field, Press } from './parts.tsx';
import { RefusePage } from './refuse.tsx';
import { place, to } from './route.ts';
import { enter, full, leave, loadVillage, loggedOut, me, mine, note, online, others, ready, roles, send, stateOf, stopped, villages, visits } from './state.ts';
import type { Me, Village } from './shapes.ts';
import { VisitPage } from './visit.tsx';
import { clock, fill, lang, speak, w } from './words.ts';

export function App() {
  const here = place.value;
  if (!ready.value) return <main><p>{w().loading}</p></main>;
  const who = me.value;
  return (
    <>
      <Head />
      <main>
        {full.value && <p class="trouble" role="alert">{w().storage}</p>}
        {!isSecureContext && <p class="told" data-test="insecure">{w().insecure}</p>}
        {note.value && <p class="told" role="alert">{note.value}</p>}
        {(who === null || loggedOut.value) && <Login again={who !== null} />}
        {who !== null && !roles.includes(who.role) && <p class="trouble" role="alert">{w().noRole}</p>}
        {who !== null && (here.page === 'visit' ? <VisitPage key={here.id} id={here.id} /> : here.page === 'home' ? <HomePage key={here.id} id={here.id} /> : here.page === 'refuse' ? <RefusePage key={here.id} id={here.id} /> : <Villages />)}
        <p><a class="button" href={`tel:${hotline.replace('-', '')}`}>{w().tel} {hotline}</a></p>
        {who !== null && !loggedOut.value && here.page === 'villages' && <p class="dim">{who.name} <button type="button" class="small" data-test="logout" onClick={() => void leave()}>{w().logout}</button></p>}
      </main>
    </>
  );
}

/** Always in sight: what waits, and for what. */
function Head() {
  const waiting = mine.value.length - stopped.value.length;
  const other = others.value;
  return (
    <header>
      <h1><a href="#/">{w().title}</a></h1>
      <button type="button" class="small" data-test="lang" onClick={() => speak(lang.value === 'zh' ? 'en' : 'zh')}>{w().other}</button>
      <p role="status" data-test="queue" data-waiting={mine.value.length}>
        {!online.value && <b>{w().offline} · </b>}
        {waiting === 0 && stopped.value.length === 0 ? w().allSent : [waiting > 0 ? fill(loggedOut.value ? w().waitsLogin : w().waits, { n: waiting }) : null, stopped.value.length > 0 ? fill(w().stopped, { n: stopped.value.length }) : null].filter(Boolean).join(' · ')}
        {other.length > 0 && ` · ${fill(w().others, { n: other.length, who: [...new Set(other.map((i) => i.byName))].join('、') })}`}
        {waiting > 0 && !loggedOut.value && <button type="button" class="small" data-test="send" onClick={() => void send()}>{w().sendNow}</button>}
      </p>
    </header>
  );
}

function Login({ again }: { again: boolean }) {
  const [username, password, code, trouble] = [useSignal(''), useSignal(''), useSignal(''), useSignal<string | null>(null)];
  const run = async (): Promise<void> => {
    const answer = await ask<Me & { proof?: string }>('POST', '/login', { username: username.value.trim(), password: password.value, ...(code.value === '' ? {} : { code: code.value.trim() }) });
    if (!answer.ok) { trouble.value = answer.problem.status === 0 ? w().loginNet : answer.problem.status === 401 ? w().loginWrong : answer.problem.message || w().loginWrong; return; }
    if (answer.value.proof !== undefined && answer.value.proof !== 'whole') { trouble.value = w().factor; return; }
    trouble.value = null;
    await enter(answer.value);
  };
  return (
    <form class="card" data-test="login" onSubmit={(event) => { event.preventDefault(); void run(); }}>
      <h2>{w().login}</h2>
      {again && <p>{w().loginAgain}</p>}
      <Field label={w().username} name="username" value={username.value} autocomplete="username" onInput={(text) => { username.value = text; }} />
      <Field label={w().password} name="password" secret value={password.value} autocomplete="current-password" onInput={(text) => { password.value = text; }} />
      <Field label={w().code} name="code" value={code.value} autocomplete="one-time-code" onInput={(text) => { code.value = text; }} />
      {trouble.value && <p class="trouble" role="alert">{trouble.value}</p>}
      <button type="submit" class="strong">{w().login}</button>
    </form>
  );
}

function Villages() {
  const open = visits.value.filter((v) => v.server === null || v.server.state === 'begun');
  return (
    <>
      {open.length > 0 && <section class="card" data-test="in-hand"><h2>{w().mine}</h2>{open.map((v) => <a key={v.id} class="line" href={to('visit', v.id)}><span>{homeName(v.homeId)}</span><span class="dim">{v.deviceId ?? v.code}{v.room && ` · ${v.room}`}</span></a>)}</section>}
      {villages.value.length === 0 && <p>{w().noVillages}</p>}
      {[...villages.value].sort((a, b) => a.code.localeCompare(b.code)).map((v) => <VillageCard key={v.code} village={v} />)}
      <AddVillage />
    </>
  );
}
const homeName = (id: string): string => { const h = villages.value.flatMap((v) => v.homes).find((x) => x.homeId === id); return h === undefined ? id : [h.village, h.place].filter(Boolean).join(' '); };

function VillageCard({ village }: { village: Village }) {
  return (
    <section class="card" data-test="village" data-code={village.code}>
      <h2>{village.name} <span class="dim">{fill(w().homes, { n: village.homes.length })}</span></h2>
      <p class="dim">{fill(w().loaded, { time: clock(village.at) })} <button type="button" class="small" data-test="reload" onClick={() => void loadVillage(village.code, village.name)}>{w().load}</button> <button type="button" class="small" onClick={() => void dropVillage(village.code)}>{w().remove}</button></p>
      {village.homes.length === 0 && <p>{w().noHomes}</p>}
      {village.homes.map((h) => (
        <a key={h.homeId} class="line" data-test="home" data-id={h.homeId} href={to('home', h.homeId)}>
          <span>{h.place ?? w().noPlace}</span><span class={`state ${stateOf(h)}`}>{w().state[stateOf(h)]}</span><span class="dim">{[h.people.map((p) => p.name).join('、'), h.roadEnd && fill(w().road, { road: h.roadEnd }), h.walkMinutes !== null && fill(w().walk, { n: h.walkMinutes })].filter(Boolean).join(' · ')}</span>
        </a>
      ))}
    </section>
  );
}

type Region = { code: string; name: string; level: string };
function AddVillage() {
  const regions = useSignal<readonly Region[]>([]);
  const [town, village, failed] = [useSignal(''), useSignal(''), useSignal(false)];
  useEffect(() => { void (async () => {
    regions.value = (await readKept('regions')) ?? [];
    const answer = await ask<{ regions: Region[] }>('GET', '/regions');
    if (!answer.ok) return;
    regions.value = answer.value.regions.map(({ code, name, level }) => ({ code, name, level }));
    await keep('regions', [...regions.value]);
  })(); }, [me.value?.id]);
  const load = async (): Promise<void> => {
    const chosen = regions.value.find((r) => r.code === village.value);
    if (chosen) failed.value = !(await loadVillage(chosen.code, chosen.name));
  };
  const options = (list: readonly Region[]) => list.map((r) => <option key={r.code} value={r.code}>{r.name}</option>);
  return (
    <section class="card" data-test="add-village">
      <h2>{w().addVillage}</h2>
      <label class="field">{lang.value === 'zh' ? '乡镇' : 'Town'}<select name="town" value={town.value} onChange={(event) => { town.value = event.currentTarget.value; village.value = ''; }}><option value="">{w().choose}</option>{options(regions.value.filter((r) => r.level === 'town'))}</select></label>
      <label class="field">{lang.value === 'zh' ? '村' : 'Village'}<select name="village" value={village.value} onChange={(event) => { village.value = event.currentTarget.value; }}><option value="">{w().choose}</option>{options(regions.value.filter((r) => r.level === 'village' && r.code.startsWith(town.value.slice(0, 9)) && town.value !== ''))}</select></label>
      {failed.value && <p class="trouble" role="alert">{w().loginNet}</p>}
      <Press test="load" kind="strong" disabled={village.value === ''} onClick={() => void load()}>{w().load}</Press>
    </section>
  );
}
