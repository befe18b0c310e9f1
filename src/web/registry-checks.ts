/**
 * From bodies to rows that may be written, for one row and for a thousand alike: what is missing is filled, what is wrong is
 * named, what lies outside the caller's regions does not exist for him (W8), demonstration and real data keep apart (FF18).
 */
import { newId } from '#core/ids.ts';
import { limits } from '#core/limits.ts';
import { phoneDigits, phoneProblem } from '#core/phone.ts';
import {
  charCount, type ContactFields, emptyContact, emptyDevice, emptyHome, emptyPerson, emptyResponder, highRiskOf, type HomeFields, identityProblem, isDate, type PersonFields, placeCharsMax,
  type ResponderFields,
} from '#core/registry.ts';
import type { Caller } from '#core/user.ts';
import { type NewContact, takenContactIds } from '#store/contacts.ts';
import { listModels, type NewDevice, takenDeviceIds } from '#store/device-registry.ts';
import { homeKeys, type NewHome } from '#store/homes.ts';
import { type NewPerson, personKeys, takenNumbers } from '#store/people.ts';
import type { Sql } from '#store/pool.ts';
import { currentRegions } from '#store/regions.ts';
import { type NewResponder, takenResponderIds } from '#store/responders.ts';
import type { Seal } from '#store/seal.ts';
import { emptyStation, type NewStation, type StationFields, takenStationIds } from '#store/stations.ts';
import { seesRegion } from './access.ts';
import { checkConsent, consentRecord } from './consent.ts';
import { checkDoors, type DoorBinding } from './door-checks.ts';
import type { Problems } from './registry.ts';

type Checker = { sql: Sql; seal: Seal; caller: Caller; problems: Problems };
type Given<T> = { [K in keyof T]?: T[K] | undefined };
type RowOf<T, Required extends keyof T> = Given<Omit<T, Required>> & Pick<T, Required> & { id?: string | undefined; demo?: boolean | undefined };

const ownIds = (rows: readonly { id?: string | undefined }[]): string[] => rows.flatMap((r) => r.id ?? []);

/** `undefined` fields fall back to the empty ones. */
function filled<T extends object>(empty: object, given: object): T {
  return { ...empty, ...Object.fromEntries(Object.entries(given).filter(([, v]) => v !== undefined)) } as T;
}

async function checkRegions(c: Omit<Checker, 'seal'>, codes: readonly (readonly [number, string, string | null | undefined])[]): Promise<void> {
  const there = await currentRegions(c.sql, codes.flatMap(([, , code]) => (code == null ? [] : [code])));
  for (const [row, field, code] of codes) {
    const found = code == null ? undefined : there.get(code);
    if (code == null) continue;
    if (!found || !seesRegion(c.caller.scopeCode, code)) c.problems.add(row, field, 'a region of your scope');
    // A household register may still name a code that ended; nobody moves there any more.
    else if (found.endedOn !== null && field !== 'registeredRegionCode') c.problems.add(row, field, `a code that still holds: ${code} ended on ${found.endedOn}${found.shownUnder === null ? '' : `, see ${found.shownUnder}`}`);
  }
}

/** The region of one row that changes; the code that it has already (`held`) it may keep. */
export async function checkRegion(c: Omit<Checker, 'seal'>, field: string, code: string | null | undefined, held: string | null = null): Promise<void> {
  if (code !== held) await checkRegions(c, [[0, field, code]]);
}

function checkIds(c: Checker, rows: readonly { id?: string | undefined }[], taken: ReadonlySet<string> | ReadonlyMap<string, unknown>): void {
  const seen = new Set<string>();
  for (const [i, { id }] of rows.entries()) {
    if (id === undefined) continue;
    if (taken.has(id) || seen.has(id)) c.problems.add(i, 'id', 'an id that is not taken', true);
    seen.add(id);
  }
}

function checkPhone(c: Checker, row: number, phone: string | null | undefined, demo: boolean): void {
  const problem = phone == null ? null : phoneProblem(phone, demo);
  if (problem !== null) c.problems.add(row, 'phone', problem);
}

export type HomeRow = RowOf<HomeFields, 'regionCode' | 'address'>;

/** What is wrong with the fields themselves; also for a change. */
export function checkHomeFields(problems: Problems, row: number, home: Given<HomeFields>): void {
  if (home.place != null && charCount(home.place) > placeCharsMax) problems.add(row, 'place', `at most ${placeCharsMax} characters (短信用地点)`);
  if ((home.lat == null) !== (home.lon == null)) problems.add(row, home.lat == null ? 'lat' : 'lon', 'both coordinates or neither');
}

export async function prepareHomes(c: Checker, rows: readonly HomeRow[]): Promise<NewHome[]> {
  await checkRegions(c, rows.map((r, i) => [i, 'regionCode', r.regionCode]));
  checkIds(c, rows, await homeKeys(c.sql, ownIds(rows)));
  for (const [i, r] of rows.entries()) checkHomeFields(c.problems, i, r);
  return rows.map((r) => filled<NewHome>({ ...emptyHome, id: newId('h'), demo: false, place: [...r.address].slice(-placeCharsMax).join('') }, r));
}

export type PersonRow = RowOf<PersonFields, 'name'>;

export function checkPersonFields(problems: Problems, row: number, p: Given<PersonFields>, demo: boolean): void {
  if (p.birthDate != null && !isDate(p.birthDate)) problems.add(row, 'birthDate', 'a day that exists, yyyy-MM-dd');
  if (p.statusSince != null && !isDate(p.statusSince)) problems.add(row, 'statusSince', 'a day that exists, yyyy-MM-dd');
  const identity = p.identityNo == null ? null : identityProblem(p.identityNo, demo);
  if (identity !== null) problems.add(row, 'identityNo', identity);
  const phone = p.phone == null ? null : phoneProblem(p.phone, demo);
  if (phone !== null) problems.add(row, 'phone', phone);
}

/** `year` is the present one, for the default of highRisk. */
export async function preparePeople(c: Checker, rows: readonly PersonRow[], year: number): Promise<NewPerson[]> {
  const homes = await homeKeys(c.sql, rows.flatMap((r) => (r.homeId == null ? [] : [r.homeId])));
  await checkRegions(c, rows.map((r, i) => [i, 'registeredRegionCode', r.registeredRegionCode]));
  checkIds(c, rows, await personKeys(c.sql, ownIds(rows)));
  const numbers = await takenNumbers(c.sql, c.seal, rows.flatMap((r) => r.number ?? []), rows.flatMap((r) => r.identityNo?.toUpperCase() ?? []));
  return rows.map((r, i) => {
    const home = r.homeId == null ? undefined : homes.get(r.homeId);
    if (r.homeId != null && (!home || !seesRegion(c.caller.scopeCode, home.regionCode))) c.problems.add(i, 'homeId', 'a home of your scope');
    if (r.homeId == null && r.registeredRegionCode == null) c.problems.add(i, 'homeId', 'a home, or registeredRegionCode: somebody must be answerable');
    const demo = r.demo ?? home?.demo ?? false;
    if (home && home.demo !== demo) c.problems.add(i, 'demo', home.demo ? 'true: the home is demonstration data' : 'false: the home is real');
    checkPersonFields(c.problems, i, r, demo);
    const identityNo = r.identityNo?.toUpperCase() ?? null;
    for (const [field, value] of [['number', r.number], ['identityNo', identityNo]] as const) {
      if (value == null) continue;
      if (numbers.has(value)) c.problems.add(i, field, 'one that is not on file', true);
      numbers.add(value);
    }
    const person = filled<NewPerson>({ ...emptyPerson, id: newId('p'), highRisk: false }, { ...r, demo, identityNo, phone: r.phone == null ? r.phone : phoneDigits(r.phone) });
    return r.highRisk === undefined ? { ...person, highRisk: highRiskOf(person, year) } : person;
  });
}

export type ContactRow = RowOf<ContactFields, 'personId' | 'relation' | 'name' | 'phone'>;

/** `now`: of the house's clock. */
export async function prepareContacts(c: Checker, rows: readonly ContactRow[], now: number): Promise<NewContact[]> {
  const people = await personKeys(c.sql, rows.map((r) => r.personId));
  checkIds(c, rows, await takenContactIds(c.sql, ownIds(rows)));
  const count = new Map<string, number>();
  return rows.map((r, i) => {
    const person = people.get(r.personId);
    const demo = person?.demo ?? false;
    const nth = (count.get(r.personId) ?? person?.contacts ?? 0) + 1;
    count.set(r.personId, nth);
    if (!person || !seesRegion(c.caller.scopeCode, person.regionCode)) c.problems.add(i, 'personId', 'a person of your scope');
    else checkPhone(c, i, r.phone, demo);
    checkQuiet(c.problems, i, r);
    checkConsent(c.problems, i, r, now);
    if (nth > limits.contactsPerPerson) c.problems.add(i, 'personId', `a person with fewer than ${limits.contactsPerPerson} contacts`);
    return filled<NewContact>({ ...emptyContact, id: newId('c'), ord: nth }, { ...r, ...consentRecord(r, c.caller.actor), demo, phone: phoneDigits(r.phone) });
  });
}

export type ResponderRow = RowOf<ResponderFields, 'role' | 'regionCode' | 'name' | 'phone'>;

/** Quiet hours have both ends; `had` is what the row says already. */
export function checkQuiet(problems: Problems, row: number, given: Given<Pick<ResponderFields, 'quietFrom' | 'quietTo'>>, had: Pick<ResponderFields, 'quietFrom' | 'quietTo'> = emptyResponder): void {
  const [from, to] = [given.quietFrom === undefined ? had.quietFrom : given.quietFrom, given.quietTo === undefined ? had.quietTo : given.quietTo];
  if ((from === null) !== (to === null)) problems.add(row, from === null ? 'quietFrom' : 'quietTo', 'both ends of the quiet hours or neither');
}

export async function prepareResponders(c: Checker, rows: readonly ResponderRow[]): Promise<NewResponder[]> {
  await checkRegions(c, rows.map((r, i) => [i, 'regionCode', r.regionCode]));
  checkIds(c, rows, await takenResponderIds(c.sql, ownIds(rows)));
  return rows.map((r, i) => {
    const demo = r.demo ?? false;
    checkPhone(c, i, r.phone, demo);
    checkQuiet(c.problems, i, r);
    const phone = phoneDigits(r.phone);
    return filled<NewResponder>({ ...emptyResponder, id: newId('r'), landline: phone.startsWith('0'), keypress: !phone.startsWith('0') }, { ...r, demo, phone });
  });
}

export type DeviceRow = {
  id?: string | undefined; model: string; homeId?: string | null | undefined; personId?: string | null | undefined; room?: string | null | undefined; cell?: string | null | undefined;
  serial?: string | null | undefined; simUntil?: string | null | undefined; phone?: string | null | undefined; status?: 'stock' | 'installed' | undefined; demo?: boolean | undefined;
} & DoorBinding;

/** `secret` makes one per row; the answer holds them, the rows only their hashes. */
export async function prepareDevices(c: Checker, rows: readonly DeviceRow[], secret: () => string): Promise<{ device: NewDevice; secret: string }[]> {
  const models = new Map((await listModels(c.sql)).map((m) => [m.id, m.type]));
  const bindings = await readBindings(c.sql, rows);
  checkIds(c, rows, await takenDeviceIds(c.sql, ownIds(rows)));
  await checkDoors(c, rows);
  return rows.map((r, i) => {
    if (!models.has(r.model)) c.problems.add(i, 'model', `one of ${[...models.keys()].join(', ')}`);
    const { homeId, demo } = checkBinding(c, i, r, bindings);
    checkSim(c.problems, i, r.simUntil);
    if (r.phone != null) checkOneKeyPhone(c, i, models.get(r.model), r.phone, demo ?? r.demo ?? false);
    const own = secret();
    const device = filled<NewDevice>({ ...emptyDevice, id: newId('d', 16) }, { ...r, phone: r.phone == null ? null : phoneDigits(r.phone), homeId, demo: demo ?? r.demo ?? false, secretHash: c.seal.secretHash(own) });
    return { device, secret: own };
  });
}

/** The day of a SIM is one that exists. */
export function checkSim(problems: Problems, row: number, day: string | null | undefined): void {
  if (day != null && !isDate(day)) problems.add(row, 'simUntil', 'a day that exists, yyyy-MM-dd');
}

/** Only a one-key telephone is known by a number. */
export function checkOneKeyPhone(c: Pick<Checker, 'problems'>, row: number, type: string | undefined, phone: string, demo: boolean): void {
  const problem = type === 'phone' ? phoneProblem(phone, demo) : 'nothing: only a one-key telephone has a number';
  if (problem !== null) c.problems.add(row, 'phone', problem);
}

type Binding = { homeId?: string | null | undefined; personId?: string | null | undefined; demo?: boolean | undefined };
export type Bindings = { homes: Awaited<ReturnType<typeof homeKeys>>; people: Awaited<ReturnType<typeof personKeys>> };

export async function readBindings(sql: Sql, rows: readonly Binding[]): Promise<Bindings> {
  return { homes: await homeKeys(sql, rows.flatMap((r) => r.homeId ?? [])), people: await personKeys(sql, rows.flatMap((r) => r.personId ?? [])) };
}

/** A device hangs on a home, or on a person and with them on their home; who is bound decides whether it is demonstration data. */
export function checkBinding(c: Pick<Checker, 'caller' | 'problems'>, row: number, r: Binding, known: Bindings): { homeId: string | null; demo: boolean | undefined } {
  const person = r.personId == null ? undefined : known.people.get(r.personId);
  const home = r.homeId == null ? undefined : known.homes.get(r.homeId);
  if (r.personId != null && (!person || !seesRegion(c.caller.scopeCode, person.regionCode))) c.problems.add(row, 'personId', 'a person of your scope');
  if (r.homeId != null && (!home || !seesRegion(c.caller.scopeCode, home.regionCode))) c.problems.add(row, 'homeId', 'a home of your scope');
  if (person && home && person.homeId !== home.id) c.problems.add(row, 'homeId', 'the home of that person, or none');
  const demo = person?.demo ?? home?.demo;
  if (demo !== undefined && r.demo !== undefined && r.demo !== demo) c.problems.add(row, 'demo', `${demo}: as what it is bound to`);
  return { homeId: person ? person.homeId : (home?.id ?? null), demo };
}

export type StationRow = RowOf<StationFields, 'regionCode' | 'name'>;

/** What is wrong with the fields themselves; also for a change. */
export function checkStationFields(problems: Problems, row: number, s: Given<StationFields>): void {
  if (s.closedOn != null && !isDate(s.closedOn)) problems.add(row, 'closedOn', 'a day that exists, yyyy-MM-dd');
  if ((s.lat == null) !== (s.lon == null)) problems.add(row, s.lat == null ? 'lat' : 'lon', 'both coordinates or neither');
}

export async function prepareStations(c: Checker, rows: readonly StationRow[]): Promise<NewStation[]> {
  await checkRegions(c, rows.map((r, i) => [i, 'regionCode', r.regionCode]));
  checkIds(c, rows, await takenStationIds(c.sql, ownIds(rows)));
  for (const [i, r] of rows.entries()) checkStationFields(c.problems, i, r);
  return rows.map((r) => filled<NewStation>({ ...emptyStation, id: newId('s'), demo: false }, r));
}
