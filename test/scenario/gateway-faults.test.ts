/** Every documented way in which a provider fails, at once, each about one elder's first message: the second channel follows, nothing ends in silence (F12, I5). */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Ring, type Rings, startRings } from '#test/harness/rings.ts';
import { until } from '#test/harness/edge.ts';

type Told = { kind: string; code?: string; status?: number; delayMs?: number };
/** What the stand-in is told, and what becomes of the message: its state, and its code. */
const code = (name: string, status = 200): [string, Told] => [name, { kind: 'code', code: name, status }];
const requests: [string, Told, string, RegExp][] = [
  [...code('isv.BUSINESS_LIMIT_CONTROL'), 'failed', /BUSINESS_LIMIT/], [...code('isv.DAY_LIMIT_CONTROL'), 'failed', /DAY_LIMIT/], [...code('isv.AMOUNT_NOT_ENOUGH'), 'failed', /AMOUNT/],
  [...code('isv.MOBILE_NUMBER_ILLEGAL'), 'failed', /MOBILE_NUMBER/], [...code('isv.SMS_CONTENT_ILLEGAL'), 'failed', /CONTENT/], [...code('isv.SMS_TEMPLATE_ILLEGAL'), 'failed', /TEMPLATE/],
  [...code('isp.RAM_PERMISSION_DENY'), 'failed', /RAM/], [...code('isp.SYSTEM_ERROR'), 'failed', /SYSTEM_ERROR/], [...code('isv.NEVER_HEARD_OF'), 'failed', /NEVER_HEARD/],
  [...code('SignatureDoesNotMatch', 400), 'failed', /Signature/], [...code('SignatureNonceUsed', 400), 'unknown', /Nonce/], [...code('InvalidTimeStamp.Expired', 400), 'failed', /TimeStamp/],
  [...code('InvalidAccessKeyId.NotFound', 404), 'failed', /AccessKey/], [...code('Forbidden.RAM', 403), 'failed', /Forbidden/], [...code('MissingSignName', 400), 'failed', /MissingSignName/],
  ['throttling', { kind: 'throttle', delayMs: 200 }, 'failed', /Throttling/], ['503', { kind: 'unavailable' }, 'unknown', /Unavailable/], ['500', { kind: 'internal' }, 'unknown', /Internal/],
  ['HTML of a proxy', { kind: 'html' }, 'unknown', /NotJson/], ['wrong JSON', { kind: 'not-json' }, 'unknown', /NotJson/],
  ['a connection dropped', { kind: 'drop' }, 'unknown', /./], ['dropped behind the acceptance', { kind: 'drop-after-accept' }, 'delivered', /./],
  ['a body cut short', { kind: 'cut-after-accept' }, 'delivered', /./], ['a body that stalls', { kind: 'stall' }, 'unknown', /./], ['a body that drips', { kind: 'drip-after-accept' }, 'delivered', /./],
  ['30 s of silence', { kind: 'hang' }, 'unknown', /./], ['silence behind the acceptance', { kind: 'hang-after-accept' }, 'delivered', /./],
];
const receipts: [string, Told, string, RegExp][] = [
  ['a failed receipt (dead number)', { kind: 'failed', code: 'MK:0001' }, 'failed', /MK:0001/], ['a failed receipt (switched off)', { kind: 'failed', code: 'MI:0024' }, 'failed', /MI:0024/],
];
const harmless: [string, object][] = [['a duplicate receipt', { kind: 'duplicate' }], ['a forged one beside it', { kind: 'forged' }], ['a late one', { kind: 'late', delayMs: 1_500 }]];
const ways = [...requests, ...receipts];

let r: Rings;
let at = 0;
const next = (): Ring => r.rings[at++] as Ring;
beforeAll(async () => { r = await startRings(ways.length + harmless.length + 20); });
afterAll(() => r?.stop());

type Sent = { party: string; channel: string; state: string; code: string | null; ms: number };
const sends = (party: string): Promise<Sent[]> => r.db.query<Sent>(`select party, channel, state, error_code as code, extract(epoch from coalesce(accepted_at, anling_now()) - (select min(created_at) from outbox where party = $1))::float8 * 1000 as ms from outbox where party = $1 order by id`, [party]);
const told = (ring: Ring, fault: object): void => { expect(r.standin.state.faults.add({ ...fault, phone: ring.carer.phone } as never)).not.toBeNull(); };

it('is followed by a call to the same person within seconds, in each of its ways; what the provider answers later is believed [RF12 I5 LAW6]', async () => {
  const cases = ways.map(([name, fault, state, pattern]) => ({ name, state, pattern, ring: next(), fault }));
  for (const { ring, fault, state } of cases) {
    told(ring, fault.kind === 'failed' ? fault : { action: 'SendSms', ...fault });
    if (state === 'delivered') told(ring, { kind: 'late', delayMs: 20_000 }); // the provider had it after all, and says so when it was given up, also on a slow machine
  }
  await r.press(cases.map((c) => c.ring));
  let tried = 0;
  const slowest: { name: string; ms: number } = { name: '', ms: 0 };
  for (const c of cases) {
    const { party } = c.ring.carer;
    await until(`${c.name}: a call to the same person`, async () => (await sends(party)).some((s) => s.channel === 'voice' && s.state === 'accepted'), 60_000);
    const [call] = (await sends(party)).filter((s) => s.channel === 'voice') as [Sent];
    if (call.ms > slowest.ms) Object.assign(slowest, { name: c.name, ms: call.ms });
    // By the failure, not by the plan's own call half a minute later.
    const log = await r.db.query<{ detail: Record<string, unknown> }>(`select detail from alert_log where action = 'send-failed' and detail->>'party' = $1`, [party]);
    expect(log.map((l) => [l.detail['channel'], l.detail['next']]), c.name).toContainEqual(['sms', 'voice']);
    const text = async (): Promise<Sent> => (await sends(party)).find((s) => s.channel === 'sms') as Sent;
    if ((await text()).code === 'local.SILENT') continue; // so many at once: the breaker has spared it its try
    await expect.poll(async () => (await text()).state, { timeout: 45_000, message: c.name }).toBe(c.state);
    expect((await text()).code ?? 'none', c.name).toMatch(c.pattern);
    tried++;
  }
  console.log(`${cases.length} ways of failing at once: the slowest second channel after ${Math.round(slowest.ms)} ms (${slowest.name})`);
  expect(slowest.ms).toBeLessThan(60_000);
  expect(tried).toBeGreaterThanOrEqual(15);
  expect(r.logs.join('')).not.toMatch(/1540425\d{4}|陈金水|下厝角/);
}, 240_000);

it('believes no duplicate and no forged receipt, waits for a late one, and asks about a lost one [RF12 I5]', async () => {
  const cases = harmless.map(([name, fault]) => ({ name, fault, ring: next() }));
  const lost = next();
  for (const { ring, fault } of cases) told(ring, fault);
  told(lost, { kind: 'none' });
  while ((await r.metrics.text()).includes('anling_gateway_silent{channel="sms",role="worker"} 1')) { // it was silent a moment ago: one message finds out that it answers again
    const ring = next();
    await r.press([ring]);
    await until('it was tried or spared', async () => (await sends(ring.carer.party)).some((s) => s.channel === 'sms' && !['due', 'sending'].includes(s.state)), 20_000);
  }
  await r.press([...cases.map((c) => c.ring), lost]);
  for (const { name, ring } of cases) await until(`${name}: delivered`, async () => (await sends(ring.carer.party))[0]?.state === 'delivered', 20_000);
  await until('the one without a receipt is accepted', async () => (await sends(lost.carer.party))[0]?.state === 'accepted', 20_000);
  await r.advance(61_000);
  await until('nobody knows of it: a failure like any other', async () => (await r.db.query(`select from alert_log where action = 'send-failed' and detail->>'party' = $1 and detail->>'error' = 'local.NO_RECEIPT'`, [lost.carer.party])).length === 1, 20_000);
});

it('leaves no message of which nothing is known and nothing done, and none that the provider did not have [I5 RF12]', async () => {
  r.standin.state.faults.clear();
  await r.over();
  await until('every message has ended', async () => (await r.unended()).length === 0, 30_000).catch(async () => expect(await r.unended()).toEqual([]));
  const ours = await r.db.query<{ outId: string }>(`select out_id as "outId" from outbox where state in ('accepted', 'delivered', 'answered')`);
  const theirs = new Set(r.standin.state.ledger.filter((l) => l.accepted).map((l) => l.outId));
  expect(ours.filter((o) => !theirs.has(o.outId))).toEqual([]);
  console.log(`${(await r.db.query('select from outbox')).length} messages, ${ours.length} of them with the provider`);
}, 120_000);
