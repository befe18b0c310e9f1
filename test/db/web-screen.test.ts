/** A big screen: its viewer token becomes a cookie, opens what a viewer sees and nothing more; and the public view of the channel for whoever asks. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import WebSocket from 'ws';
import type { ServerFrame } from '#core/live.ts';
import { testWeb, type Web } from '#test/harness/web.ts';

describe('a big screen', () => {
  let web: Web;
  beforeAll(async () => { web = await testWeb(); });
  afterAll(async () => { await web?.stop(); });

  const make = async (role: string): Promise<{ id: string; token: string }> => (await web.fetch('/api/v1/tokens', { method: 'POST', cookie: await web.cookie('admin'), body: { name: '大屏', role } })).body;
  const enter = (token: string): ReturnType<Web['fetch']> => web.fetch('/api/v1/screen', { method: 'POST', body: { token } });
  const cookieOf = (answer: { headers: Headers }): string => (answer.headers.getSetCookie()[0] ?? '').split(';')[0] ?? '';
  /** The first snapshot at the live channel. */
  const snapshot = (cookie: string, query = ''): Promise<Extract<ServerFrame, { type: 'snapshot' }>> => new Promise((resolve, reject) => {
    const ws = new WebSocket(`${web.url.replace('http', 'ws')}/api/v1/live${query}`, { headers: { cookie, origin: web.url } });
    ws.on('open', () => ws.send(JSON.stringify({ type: 'hello', epoch: null, lastSeq: 0, tabId: `tab-${query}` })));
    ws.on('message', (data) => {
      const frame = JSON.parse(String(data)) as ServerFrame;
      if (frame.type !== 'snapshot') return;
      ws.send(JSON.stringify({ type: 'beat', tabId: `tab-${query}`, visible: true, audio: 'running', lastSeq: 0 }), () => { ws.close(); resolve(frame); });
    });
    ws.on('error', reject);
  });

  it('comes in by the token of a viewer alone, holds it where no script reads it, and goes when the token goes [D14 W9]', async () => {
    const { id, token } = await make('viewer');
    const entered = await enter(token);
    expect(entered.status).toBe(200);
    expect(entered.headers.getSetCookie()[0]).toMatch(/^anling-screen=.*HttpOnly; SameSite=Strict/);
    const cookie = cookieOf(entered);
    const me = (): Promise<number> => web.fetch('/api/v1/me', { cookie }).then((answer) => answer.status);
    expect(await me()).toBe(200);
    // A session that ended on the same machine does not close the screen.
    expect((await web.fetch('/api/v1/me', { cookie: `anling=${'x'.repeat(43)}; ${cookie}` })).body.role).toBe('viewer');
    expect((await web.fetch('/api/v1/alerts/1/claim', { method: 'POST', cookie, body: {} })).status).toBe(403);
    const strong = await make('operator');
    expect([(await enter(strong.token)).status, (await enter('n'.repeat(43))).status]).toEqual([401, 401]);
    // Nor by writing the cookie by hand.
    expect((await web.fetch('/api/v1/me', { cookie: `anling-screen=${strong.token}` })).status).toBe(401);
    await web.fetch(`/api/v1/tokens/${id}`, { method: 'DELETE', cookie: await web.cookie('admin') });
    expect([await me(), (await enter(token)).status]).toEqual([401, 401]);
  });

  it('is sent the view without people even where an operator is logged in, and is no console [D14]', async () => {
    const { body } = await web.fetch('/api/v1/people', { method: 'POST', cookie: await web.cookie('admin'), body: { name: '陈金水', phone: '15404250001' } });
    await web.alert({ personId: body.id });
    const cookie = await web.cookie('operator');
    const [desk, screen] = [await snapshot(cookie), await snapshot(cookie, '?view=public')];
    expect([desk.alerts[0]?.subject.name, screen.alerts[0]?.subject.name, screen.alerts[0]?.place]).toEqual(['陈*水', '陈**', null]);
    await expect.poll(async () => (await web.t.db.query<{ tab: string }>('select tab_id as tab from console')).map((row) => row.tab)).toEqual(['tab-']);
  });
});
