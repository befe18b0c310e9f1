/** The spool file itself: on the disk before the promise resolves, in order, across lives and slots, within its bound [A2]. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openSpool, type Spool } from '#store/spool.ts';

let folder: string;
const open: Spool[] = [];
const spoolOf = async (maxBytes = 64 * 1024 * 1024): Promise<Spool> => { const spool = await openSpool({ folder, maxBytes }); open.push(spool); return spool; };
beforeEach(() => { folder = mkdtempSync(join(tmpdir(), 'anling-spool-')); });
afterEach(async () => { for (const spool of open.splice(0)) await spool.close(); rmSync(folder, { recursive: true, force: true }); });

const row = (lane: string, text: string) => ({ lane, body: Buffer.from(text) });
const texts = async (spool: Spool, lane: string): Promise<string[]> => (await spool.first(lane, 100)).map((r) => Buffer.from(r.body).toString());

describe('the spool', () => {
  it('keeps rows in their order by lane, and forgets what is committed elsewhere', async () => {
    const spool = await spoolOf();
    await Promise.all([spool.append([row('event', 'a'), row('heartbeat', 'h')]), spool.append([row('event', 'b')]), spool.append([row('event', 'c')])]);
    expect([await texts(spool, 'event'), spool.rows('event'), spool.rows('heartbeat')]).toEqual([['a', 'b', 'c'], 3, 1]);
    const [, second] = await spool.first('event', 2);
    await spool.remove('event', second?.id ?? 0);
    expect([await texts(spool, 'event'), spool.rows('event'), spool.rows('heartbeat')]).toEqual([['c'], 1, 1]);
    for (const file of readdirSync(folder).filter((f) => f.endsWith('.db'))) expect(statSync(join(folder, file)).mode & 0o077).toBe(0);
  });

  it('is there for the next life, also in another slot’s file whose process has gone [A2 I1]', async () => {
    const [one, two] = [await spoolOf(), await spoolOf()];
    await one.append([row('event', 'of one')]);
    await two.append([row('event', 'of two')]);
    await one.close();
    await two.close();
    const next = await spoolOf();
    expect([await texts(next, 'event'), next.adopted, next.rows('event')]).toEqual([['of one', 'of two'], 1, 2]);
    await next.close();
    expect(await texts(await spoolOf(), 'event')).toEqual(['of one', 'of two']);
  });

  it('says when its disk is full, keeps what it has, and works again when there is room [RF6]', async () => {
    const spool = await spoolOf(256 * 1024);
    let kept = 0;
    const full = await (async () => { for (;; kept++) await spool.append([row('heartbeat', 'x'.repeat(8_000))]); })().catch((error: Error) => error);
    expect(full).toMatchObject({ code: 'E_NOT_DURABLE', message: expect.stringMatching(/full/) });
    expect([kept > 10, spool.rows('heartbeat'), (await spool.first('heartbeat', 1_000)).length]).toEqual([true, kept, kept]);
    await spool.remove('heartbeat', (await spool.first('heartbeat', 5)).at(-1)?.id ?? 0);
    await spool.append([row('event', 'sos')]);
    expect(await texts(spool, 'event')).toEqual(['sos']);
  });

  it('lays aside a file that is no database, and begins anew', async () => {
    writeFileSync(join(folder, 'edge-0.db'), 'not a database, '.repeat(1_000));
    const spool = await spoolOf();
    await spool.append([row('event', 'sos')]);
    expect(readFileSync(spool.aside ?? '', 'utf8')).toContain('not a database');
    expect(await texts(spool, 'event')).toEqual(['sos']);
  });
});
