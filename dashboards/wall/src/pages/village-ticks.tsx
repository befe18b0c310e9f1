/** Choosing villages, and whole towns where `wholeTown` names that: towns with their villages folded away. */
import { showRegion } from '#core/region.ts';
import { regions } from '#wall/state/county.ts';

export function VillageTicks({ picked, label, test, wholeTown }: { picked: { value: ReadonlySet<string> }; label: string; test: string; wholeTown?: string }) {
  const all = regions.value ?? [];
  const toggle = (code: string, on: boolean): void => { const next = new Set(picked.value); if (on) next.add(code); else next.delete(code); picked.value = next; };
  const tick = (code: string, name: string) => <label key={code} class="tick"><input type="checkbox" name={code} checked={picked.value.has(code)} onChange={(event) => toggle(code, event.currentTarget.checked)} />{name}</label>;
  return (
    <fieldset class="stack" data-test={test}><legend>{label} <span class="digits">{picked.value.size}</span></legend>
      {all.filter((r) => r.level === 'town').map((town) => {
        const mine = all.filter((v) => v.level === 'village' && v.code.startsWith(town.code.slice(0, 9)));
        const count = picked.value.has(town.code) ? mine.length : mine.filter((v) => picked.value.has(v.code)).length;
        return <details key={town.code}><summary>{showRegion(town.name)} <span class="digits dim">{count}/{mine.length}</span></summary>
          <span class="ticks">{wholeTown !== undefined && tick(town.code, wholeTown)}{mine.map((v) => tick(v.code, showRegion(v.name)))}</span></details>;
      })}
    </fieldset>
  );
}
