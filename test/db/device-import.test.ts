/** Devices from a file: a report line by line before anything is written, all good lines at once, and the same file again changes nothing. */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { emptySettings } from '#core/vendor-door.ts';
import { insertDoor } from '#store/vendor-doors.ts';
import { otherTown, testWeb, type Web } from '#test/harness/web.ts';

let web: Web;
let admin: string;
beforeAll(async () => {
  web = await testWeb();
  admin = await web.cookie('admin');
  await insertDoor(web.t.db, web.t.seal, { name: 'ctwing', kind: 'ctwing', title: '', secrets: { key: 'x'.repeat(20) }, settings: emptySettings, enabled: true, by: 'test' });
});
afterAll(() => web?.stop());
beforeEach(() => web.t.db.query('delete from device'));

const send = (text: string, register?: number, cookie = admin): ReturnType<Web['fetch']> => web.fetch('/api/v1/devices/import', { method: 'POST', cookie, body: { text, ...(register === undefined ? {} : { register }) } });
const count = async (): Promise<number> => (await web.t.db.query<{ n: number }>('select count(*)::int as n from device'))[0]?.n ?? 0;
const told = (answer: Awaited<ReturnType<Web['fetch']>>): string[] => answer.body.lines.map((l: { line: number; result: string; problems: { field: string; why: string }[] }) => `${l.line} ${l.result}${l.problems.map((p) => ` ${p.field}:${p.why}`).join('')}`);
const file = '型号,编号,序列号,户编号,房间,状态,厂商接入,厂商编号\nsos-button,B-1,S1,h1,卧室,已装,,\nsmoke,,S2,h1,厨房,库存,,\nfall-radar,,,,,,ctwing,860000000000001\nnothing,,S4,h1,,,,\nsmoke,,S5,no-home,,,,\nsmoke,,S2,,,,,\ngas,,S7,,,,nobody,1\n';

describe('a file of devices', () => {
  it('is judged line by line, with what was expected and found, and nothing is written [F7]', async () => {
    const dry = await send(file);
    expect([dry.status, dry.body.new, dry.body.there, dry.body.wrong, dry.body.registered]).toEqual([200, 3, 0, 4, 0]);
    expect(told(dry)).toEqual(['2 new', '3 new', '4 new', '5 wrong model:wrong', '6 wrong homeId:wrong', '7 wrong serial:twice', '8 wrong door:wrong']);
    expect(dry.body.lines[3].problems[0]).toMatchObject({ found: 'nothing', expected: expect.stringContaining('sos-button') });
    expect(dry.text).not.toContain('secret');
    expect([await count(), await web.t.db.query(`select 1 from audit where action = 'device.import'`)]).toEqual([0, []]);
  });

  it('its good lines are registered together, their secrets shown once; the same file again changes nothing [F7 M1]', async () => {
    expect((await send(file, 2)).status).toBe(409);
    expect(await count()).toBe(0);
    const done = await send(file, 3);
    expect([done.status, done.body.registered, await count()]).toEqual([200, 3, 3]);
    const [first] = done.body.lines;
    expect(first).toMatchObject({ line: 2, id: 'B-1' });
    const [row] = await web.t.db.query<{ secret_hash: Buffer; status: string; room: string }>(`select secret_hash, status, room from device where id = 'B-1'`);
    expect([row?.secret_hash.equals(web.t.seal.secretHash(first.secret)), row?.status, row?.room]).toEqual([true, 'installed', '卧室']);
    expect(JSON.stringify(await web.t.db.query('select * from audit'))).not.toContain(first.secret);
    const before = await web.t.db.query('select id, version, secret_hash from device order by id');
    const again = await send(file);
    expect([again.body.new, again.body.there, again.body.wrong]).toEqual([0, 3, 4]);
    expect(again.text).not.toContain('"secret":');
    expect((await send(file, 3)).status).toBe(409);
    expect(await web.t.db.query('select id, version, secret_hash from device order by id')).toEqual(before);
    const [audit] = await web.t.db.query(`select detail from audit where action = 'device.import'`);
    expect(audit?.['detail']).toMatchObject({ count: 3, wrong: 4 });
  });

  it('a line that is on file differently says what stands there; one that means two devices is refused', async () => {
    await send(file, 3);
    const other = await send('型号,编号,序列号,户编号,厂商接入,厂商编号\nsos-button,B-1,S1,h2,,\nsmoke,B-1,S2,,,\nsos-button,B-9,S1,,,\nfall-radar,,S9,,ctwing,860000000000001\n');
    expect(told(other)).toEqual(['2 wrong homeId:differs', '3 wrong id:twice serial:differs', '4 wrong serial:twice id:differs', '5 wrong serial:differs']);
    expect(other.body.lines[0].problems[0]).toEqual({ field: 'homeId', why: 'differs', expected: 'h1', found: 'h2' });
  });

  it('a file that is none is named, and it is the administrator’s, inside his scope', async () => {
    for (const [text, expected] of [['', null], ['a,b\n1,2', 'found: a, b'], [`型号,序列号\n${Array.from({ length: 1001 }, (_, i) => `smoke,${i}`).join('\n')}`, 'found: 1001']] as const) {
      const answer = await send(text);
      expect([answer.status, answer.body.error.fields[0].field]).toEqual([422, 'text']);
      if (expected !== null) expect(answer.body.error.fields[0].expected).toContain(expected);
    }
    expect((await send(file, undefined, await web.cookie('installer'))).status).toBe(403);
    expect(told(await send('型号,编号,户编号\nsmoke,Z-1,h1', undefined, await web.cookie('admin', otherTown)))).toEqual(['2 wrong homeId:wrong']);
  });

  it('a thousand lines are one request: none half-done', async () => {
    const text = `型号,序列号\n${Array.from({ length: 1000 }, (_, i) => `smoke,T${i}`).join('\n')}`;
    expect((await send(text, 1000)).body.registered).toBe(1000);
    expect([await count(), (await send(text)).body.there]).toEqual([1000, 1000]);
  });

  it('a spreadsheet is judged and registered like a text; sent as text afterwards it is the same devices [F7]', async () => {
    const workbook = readFileSync(new URL('../fixtures/sheets/openpyxl.xlsx', import.meta.url)).toString('base64');
    const book = (register?: number): ReturnType<Web['fetch']> => web.fetch('/api/v1/devices/import', { method: 'POST', cookie: admin, body: { workbook, ...(register === undefined ? {} : { register }) } });
    const dry = await book();
    expect(told(dry)).toEqual(['2 new', '3 wrong serial:number', '4 new', '5 wrong doorKey:number', '7 wrong serial:number', '8 wrong simUntil:wrong']);
    expect(dry.body.lines[3].problems[0].found).toBe('8.600000000000013e+19');
    expect((await book(2)).body.registered).toBe(2);
    expect(await web.t.db.query(`select serial, sim_until::text as sim, status from device where id = 'X-1'`)).toEqual([{ serial: '00123', sim: '2027-06-30', status: 'installed' }]);
    expect((await book()).body).toMatchObject({ new: 0, there: 2 });
    expect((await send('型号,厂商接入,厂商编号\nfall-radar,ctwing,860000000000001\nfall-radar,ctwing,8.60000E+14\n')).body.lines).toMatchObject([{ result: 'there' }, { result: 'wrong', problems: [{ field: 'doorKey', why: 'number', found: '8.60000E+14' }] }]);
    for (const [body, says] of [[{ workbook: 'AAAA' }, 'an .xlsx file'], [{}, 'either'], [{ workbook, text: 'a' }, 'either']] as const) {
      const answer = await web.fetch('/api/v1/devices/import', { method: 'POST', cookie: admin, body });
      expect([answer.status, answer.body.error.fields[0].expected]).toEqual([422, expect.stringContaining(says)]);
    }
  });
});
