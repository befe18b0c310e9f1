/** 值守确认 on rows: which consoles are the desk, whose phone rings, and that neither a dead web role nor a broken call hides a sleeping desk (FIELD F3). */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createVigilance } from '#alerts/vigilance.ts';
import { createLog } from '#ops/log.ts';
import { createMetrics } from '#ops/metrics.ts';
import { beatConsole } from '#store/county-status.ts';
import { openQuestion } from '#store/vigilance.ts';
import { type Alarm, testAlarm } from '#test/harness/alarm.ts';

let a: Alarm;
let look: () => Promise<boolean>;
const county = '350425000000';

beforeEach(async () => {
  a = await testAlarm();
  look = createVigilance({ db: a.db, seal: a.seal, metrics: createMetrics('test'), log: createLog('test', 'fatal', () => {}) });
  const toMidnight = 86_400_000 - ((await a.now()) + 8 * 3_600_000) % 86_400_000;
  await a.advance(toMidnight + 60_000); // 00:01 at the county's clock
});
afterEach(() => a.close());

async function seat(user = 'op1', options: { audio?: string } = {}): Promise<void> {
  await a.db.query(`insert into session (token_hash, user_id, expires_at) values ($1, $2, anling_now() + interval '24 hours') on conflict do nothing`, [Buffer.from(user), user]);
  await beatConsole(a.db, { tabId: `tab-${user}`, userId: user, visible: true, audio: options.audio ?? 'running', lastSeq: 0, inputAgoMs: null });
}
const press = (user = 'op1'): Promise<void> => beatConsole(a.db, { tabId: `tab-${user}`, userId: user, visible: true, audio: 'running', lastSeq: 0, inputAgoMs: 0 });
/** Minutes go by, looked at each; what rang. */
async function pass(minutes: number, each: () => Promise<void> = async () => {}): Promise<string[]> {
  const rang: string[] = [];
  for (let m = 0; m < minutes; m++) {
    await a.advance(60_000);
    await each();
    while (await look());
    for (const s of await a.sent()) rang.push(`${s.channel} ${s.party} ${s.template}`);
  }
  return rang;
}
const questions = async (): Promise<number> => Number((await a.db.query<{ n: string }>('select count(*) as n from vigilance'))[0]?.n);

describe('the desk by night', () => {
  it('console healthy, nobody awake: asked after 30 min, the shift leader rung after two misses, again each hour [FF3 FF4]', async () => {
    await seat();
    const healthy = (): Promise<void> => seat(); // it beats, it is visible, it can be heard
    expect(await pass(29, healthy)).toEqual([]);
    expect(await questions()).toBe(0);
    expect(await pass(16, healthy)).toEqual([]);
    expect(await openQuestion(a.db)).toMatchObject({ missed: 1 });
    expect(await pass(16, healthy)).toEqual(['voice responder:shift voice-vigilance']);
    expect(await pass(58, healthy)).toEqual([]);
    expect(await pass(4, healthy)).toEqual(['voice responder:shift voice-vigilance']);
  });

  it('the beats have stopped and the web role is dead: the phone rings all the same [FF3 LAW6]', async () => {
    await seat();
    expect(await pass(62)).toEqual(['voice responder:shift voice-vigilance']);
  });

  it('one key answers for the whole desk, one sleeps by turn; a key before the question is asked delays it [FF3]', async () => {
    await seat('op1');
    await seat('op2');
    let minute = 0;
    expect(await pass(150, async () => { if (++minute % 35 === 0) await press('op2'); })).toEqual([]);
    const rows = await a.db.query<{ answered: boolean }>('select answered_at is not null as answered from vigilance order by id');
    expect(rows.length).toBeGreaterThan(2);
    expect(rows.slice(0, -1).every((r) => r.answered)).toBe(true);
  });

  it('a shift leader who cannot be called is followed by the next, at once [FF3]', async () => {
    await seat();
    expect(await pass(62)).toEqual(['voice responder:shift voice-vigilance']);
    await a.db.query(`update outbox set state = 'failed', error_class = 'F', error_code = 'isv.BUSINESS_LIMIT_CONTROL'`);
    await look();
    expect((await a.sent()).map((s) => `${s.party} ${s.purpose}`)).toEqual(['responder:leader desk']);
    await look();
    expect(await a.sent()).toEqual([]);
  });

  it('nobody logged in, a reader’s screen, an administrator without a shift, a town’s desk are no desk that could sleep [FF3]', async () => {
    for (const [id, role, scope] of [['v', 'viewer', county], ['ad', 'admin', county], ['tw', 'operator', '350425201000']])
      await a.db.query(`insert into app_user (id, username, password_hash, role, scope_code, display_name) values ($1, $1, 'x', $2, $3, $1)`, [id, role, scope]);
    await seat('v');
    await seat('ad', { audio: 'suspended' });
    await seat('tw');
    expect(await pass(70)).toEqual([]);
    await seat('ad');
    expect(await pass(2)).toEqual([]);
    expect(await questions()).toBe(1);
    await a.db.query(`delete from session`);
    expect(await pass(20)).toEqual([]);
    expect((await a.db.query('select 1 from vigilance where void_at is not null')).length).toBe(1);
  });

  it('six o’clock ends it; by day nobody is asked [FF3]', async () => {
    await seat();
    await pass(320);
    const before = await questions();
    await a.advance(45 * 60_000);
    await pass(60);
    expect(await questions()).toBe(before + ((await a.db.query('select 1 from vigilance where void_at is not null')).length > 0 ? 0 : 1));
    expect(await openQuestion(a.db)).toBeNull();
  });
});
