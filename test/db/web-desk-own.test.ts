/** What a desk keeps for itself over HTTP: an account's filters of the queue, the county's recorded voice. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { limits } from '#core/limits.ts';
import { testWeb, town, type Web } from '#test/harness/web.ts';

let web: Web;
beforeAll(async () => { web = await testWeb(); });
afterAll(() => web.stop());
const put = async (path: string, body: unknown, cookie: string) => web.fetch(path, { method: 'PUT', body, cookie });
const filter = (name: string, more: object = {}): object => ({ name, towns: ['350425201000'], kinds: ['offline'], priorities: [3], mine: false, ...more });

describe('saved filters', () => {
  it('are an account’s own, bounded, and name no P1 [W21]', async () => {
    const [one, other] = [await web.cookie('operator'), await web.cookie('shift-leader')];
    expect((await web.fetch('/api/v1/me/filters', { cookie: one })).body).toEqual({ filters: [] });
    expect((await put('/api/v1/me/filters', { filters: [filter(' 屏山 '), filter('电池', { kinds: ['low-battery'] })] }, one)).status).toBe(200);
    expect((await web.fetch('/api/v1/me/filters', { cookie: one })).body.filters.map((f: { name: string }) => f.name)).toEqual(['屏山', '电池']);
    expect((await web.fetch('/api/v1/me/filters', { cookie: other })).body).toEqual({ filters: [] });
    for (const bad of [[filter('a'), filter('a')], [filter('a', { priorities: [1] })], [filter('')], Array.from({ length: limits.filtersPerUser + 1 }, (_, i) => filter(`f${i}`))]) expect((await put('/api/v1/me/filters', { filters: bad }, one)).status).toBe(422);
    expect((await web.fetch('/api/v1/me/filters', { cookie: await web.cookie('viewer') })).status).toBe(403);
  });
});

describe('the recorded voice', () => {
  const wav = Buffer.concat([Buffer.from('RIFF\0\0\0\0WAVEfmt '), Buffer.alloc(200)]).toString('base64');
  it('is uploaded by the county’s administrator, heard by every desk, bounded, and known by its bytes', async () => {
    const [admin, operator] = [await web.cookie('admin'), await web.cookie('operator')];
    expect((await put('/api/v1/desk/voice/unclaimed', { data: wav }, admin)).status).toBe(200);
    expect((await web.fetch('/api/v1/desk/voice', { cookie: operator })).body.parts).toMatchObject([{ part: 'unclaimed', bytes: 216 }]);
    expect((await web.fetch('/api/v1/desk/voice/unclaimed', { cookie: operator })).body).toEqual({ type: 'audio/wav', data: wav });
    expect((await put('/api/v1/desk/voice/kind-sos', { data: Buffer.from('<script>alert(1)</script>').toString('base64') }, admin)).body.error.fields[0]).toEqual({ field: 'data', expected: 'a WAV, MP3 or Ogg file in base64' });
    expect((await put('/api/v1/desk/voice/kind-sos', { data: Buffer.concat([Buffer.from('OggS'), Buffer.alloc(limits.voiceBytes)]).toString('base64') }, admin)).status).toBe(422);
    for (const part of ['town-1', 'kind-SOS', 'else', '..']) expect((await put(`/api/v1/desk/voice/${part}`, { data: wav }, admin)).status, part).not.toBe(200);
    expect((await put('/api/v1/desk/voice/unclaimed', { data: wav }, operator)).status).toBe(403);
    expect((await put('/api/v1/desk/voice/unclaimed', { data: wav }, await web.cookie('admin', town))).status).toBe(403);
    expect(await web.t.db.query(`select action, target from audit where action like 'voice.%'`)).toEqual([{ action: 'voice.set', target: 'unclaimed' }]);
    expect((await web.fetch('/api/v1/desk/voice/unclaimed', { method: 'DELETE', cookie: admin })).status).toBe(200);
    expect((await web.fetch('/api/v1/desk/voice/unclaimed', { cookie: operator })).status).toBe(404);
  });
});
