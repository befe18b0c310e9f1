/** One home: who lives there, what hangs there, and the two ways on. */
import { go, to } from './route.ts';
import { homeOf, stateOf, visits } from './state.ts';
import { fill, w } from './words.ts';

export function HomePage({ id }: { id: string }) {
  const home = homeOf(id);
  const here = visits.value.filter((v) => v.homeId === id);
  return (
    <>
      <p><a class="button" href="#/">{w().back}</a></p>
      <section class="card" data-test="home-card">
        <h2>{home?.place ?? w().noPlace}</h2>
        {home === undefined ? <p>{w().notLoaded}</p> : <>
          <p><span class={`state ${stateOf(home)}`}>{w().state[stateOf(home)]}</span> {[home.town, home.village].filter(Boolean).join(' ')}</p>
          <p>{[home.roadEnd && fill(w().road, { road: home.roadEnd }), home.walkMinutes !== null && fill(w().walk, { n: home.walkMinutes }), home.dog && w().dog].filter(Boolean).join(' · ')}</p>
          <h3>{w().people}</h3>
          <ul>{home.people.map((p) => <li key={p.personId}>{p.name}{p.special && ` · ${w().special}`}</li>)}</ul>
          {home.devices.length > 0 && <><h3>{w().devices}</h3><ul>{home.devices.map((d) => <li key={d.deviceId}>{d.model} {d.deviceId}{d.room && ` · ${d.room}`}</li>)}</ul></>}
        </>}
        {here.map((v) => <a key={v.id} class="line" data-test="visit-line" href={to('visit', v.id)}><span>{v.refusal ? w().refuse : (v.deviceId ?? v.code)}{v.room && ` · ${v.room}`}</span><span class="dim">{w().state[v.server?.state ?? (v.refusal ? 'refused' : 'begun')]}</span></a>)}
        <button type="button" class="strong" data-test="install" onClick={() => go('visit', `new-${id}`)}>{w().install}</button>
        <button type="button" data-test="refuse" onClick={() => go('refuse', id)}>{w().refuse}</button>
      </section>
    </>
  );
}
