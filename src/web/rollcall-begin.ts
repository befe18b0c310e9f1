/** Beginning a roll-call (2.2): its lists, who keeps them, and what they are told, all in one transaction; nothing is half begun. */
import type { Party } from '#core/ids.ts';
import { limits } from '#core/limits.ts';
import { commonRegion, showRegion } from '#core/region.ts';
import { listEntry, listPieces } from '#core/rollcall.ts';
import type { Caller } from '#core/user.ts';
import { insertOutbox, type NewOutbox } from '#store/outbox-insert.ts';
import { hint, type Sql } from '#store/pool.ts';
import { listRegions } from '#store/regions.ts';
import { rollList, type RollPerson } from '#store/rollcall-reads.ts';
import { giveLists, holdRollCalls, insertRollCall, noteTold, type RollParty, rollPeople, type RollScope } from '#store/rollcall.ts';
import type { Seal } from '#store/seal.ts';
import type { WebContext } from './context.ts';
import { ApiError, invalid } from './errors.ts';
import { change } from './registry.ts';

export type RollWish = { name: string; scope: RollScope; /** the field that named it */ field: string; /** texts to whoever keeps a list, and the list itself to the first of each village */ tell: boolean; textLists: boolean };
export type RollBegun = { id: string; people: number; villages: number; told: number; texts: number; /** villages whose list nobody was given */ nobody: number };
const variableChars = 35;
/** One statement of a county's thousands of texts would last too long. */
const rowsAtOnce = 500;

export function beginRollCall(ctx: WebContext, caller: Caller, wish: RollWish, trace: string): Promise<RollBegun> {
  return change(ctx, async (sql) => {
    await holdRollCalls(sql);
    const who = await rollPeople(sql, wish.scope);
    if (who.people === 0) throw invalid([{ field: wish.field, expected: 'at least one person who is present there' }]);
    if (who.people > limits.rollPeople) throw invalid([{ field: wish.field, expected: `at most ${limits.rollPeople} people, these are ${who.people}` }]);
    if (who.running !== null) throw new ApiError('E_CONFLICT', 'A roll-call asks after some of these people already.', { more: { reason: 'running', id: who.running } });
    const regionCode = commonRegion(who.regions);
    const id = await insertRollCall(sql, { name: wish.name, scope: wish.scope, regionCode, by: caller.actor, demo: who.demo });
    const parties = await giveLists(sql, id);
    const { told, texts } = wish.tell ? await tell(sql, ctx.seal, id, parties, wish.textLists, trace) : { told: 0, texts: 0 };
    const given = new Set(parties.flatMap((p) => p.regions));
    const result = { id, people: who.people, villages: who.regions.length, told, texts, nobody: who.regions.filter((r) => !given.has(r)).length };
    return { result, audit: [{ actor: caller.actor, action: 'roll.begin', target: `roll:${id}`, result: 'ok', detail: { kind: wish.scope.kind, regionCode, people: who.people, villages: result.villages, told } }] };
  });
}

/** The texts: first everybody's own, then the lists; a number that two people have is told once. */
async function tell(sql: Sql, seal: Seal, id: string, parties: readonly RollParty[], textLists: boolean, trace: string): Promise<{ told: number; texts: number }> {
  const names = new Map((await listRegions(sql, '')).map((r) => [r.code, showRegion(r.name)]));
  const people = Map.groupBy(await rollList(sql, seal, id, null), (p) => p.regionCode);
  const numbers = new Set<string>();
  const tellable = parties.filter((p) => { const key = p.phoneBidx.toString('hex'); const fresh = !numbers.has(key); numbers.add(key); return fresh; });
  const message = (p: RollParty, template: 'roll-call' | 'roll-list', params: Record<string, string>): NewOutbox => ({
    alertId: null, party: p.party, to: seal.openIfReadable('responder.phone', p.phoneEnc) ?? '', toBidx: p.phoneBidx, channel: 'sms', template, params, priority: template === 'roll-call' ? 3 : 4, purpose: 'notice',
    round: null, step: null, slip: null, trace: `roll-${id}-${trace}`.slice(0, 40), demo: p.demo,
  });
  const own = tellable.map((p) => message(p, 'roll-call', { village: placeOf(p.regions, names), count: String(p.regions.reduce((n, r) => n + (people.get(r)?.length ?? 0), 0)), code: p.code }));
  const lists = textLists ? tellable.flatMap((p) => p.first.flatMap((r) => listPieces((people.get(r) ?? []).map(entryOf), variableChars).map((list) => message(p, 'roll-list', { list })))) : [];
  const outIds: string[] = [];
  for (let i = 0, all = [...own, ...lists]; i < all.length; i += rowsAtOnce) outIds.push(...(await insertOutbox(sql, seal, all.slice(i, i + rowsAtOnce))));
  await noteTold(sql, id, tellable.map((p, i): { party: Party; outId: string } => ({ party: p.party, outId: outIds[i] ?? '' })));
  if (outIds.length > 0) await hint(sql, ['anling_outbox']);
  return { told: own.length, texts: outIds.length };
}

const entryOf = (p: RollPerson): string => listEntry(p.no, p.name, p.place ?? '');
/** One village by its name, several by their town's. */
const placeOf = (regions: readonly string[], names: ReadonlyMap<string, string>): string => names.get(commonRegion(regions)) ?? '本村';
