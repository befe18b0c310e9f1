/** The wall's recorded voice: what there is, a part of it, and its upload by the county. No personal data: names of towns and kinds only. */
import { Type } from 'typebox';
import { isVoicePart, voiceType } from '#core/desk-voice.ts';
import { limits } from '#core/limits.ts';
import { may } from '#core/user.ts';
import { dropVoice, listVoice, readVoice, writeVoice } from '#store/desk-voice.ts';
import { alertReaders, callerOf, ofWholeCounty } from '#web/access.ts';
import type { App, WebContext } from '#web/context.ts';
import { ApiError, invalid } from '#web/errors.ts';
import { nothing } from '#web/registry.ts';
import { EpochMs, errorAnswers, Ok, Shape } from '#web/schemas.ts';

const tags = ['desk'];
const Params = Shape({ part: Type.String({ pattern: '^[a-z0-9-]{1,60}$', description: '`unclaimed`, `kind-sos`, `town-350425100000`' }) });
const county = (caller: Parameters<typeof ofWholeCounty>[0]): void => { if (!ofWholeCounty(caller)) throw new ApiError('E_FORBIDDEN', 'The voice is the whole county’s.'); };

export function registerVoice(app: App, ctx: WebContext): void {
  app.get('/api/v1/desk/voice', {
    config: { access: alertReaders }, schema: { summary: 'Parts of the recorded voice', tags, response: { 200: Shape({ parts: Type.Array(Shape({ part: Type.String(), bytes: Type.Integer(), updatedAt: EpochMs })) }), ...errorAnswers } },
  }, async () => ({ parts: await listVoice(ctx.db) }));

  app.get('/api/v1/desk/voice/:part', {
    config: { access: alertReaders }, schema: { summary: 'One part in base64', tags, params: Params, response: { 200: Shape({ type: Type.String(), data: Type.String() }), ...errorAnswers } },
  }, async (request) => {
    const found = await readVoice(ctx.db, request.params.part);
    if (!found) throw nothing();
    return { type: found.type, data: found.audio.toString('base64') };
  });

  app.put('/api/v1/desk/voice/:part', {
    config: { access: may.writeProvider }, bodyLimit: Math.ceil(limits.voiceBytes * 1.4) + 1024,
    schema: { summary: 'Upload one part: WAV, MP3 or Ogg', tags, params: Params, body: Shape({ data: Type.String({ minLength: 16, description: 'base64' }) }), response: { 200: Ok, ...errorAnswers } },
  }, async (request) => {
    const caller = callerOf(request);
    county(caller);
    const audio = Buffer.from(request.body.data, 'base64');
    const type = voiceType(audio);
    if (type === null) throw invalid([{ field: 'data', expected: 'a WAV, MP3 or Ogg file in base64' }]);
    if (audio.length > limits.voiceBytes) throw invalid([{ field: 'data', expected: `at most ${limits.voiceBytes / 1024} KB: a few spoken words` }]);
    const { part } = request.params;
    if (!isVoicePart(part)) throw invalid([{ field: 'part', expected: '`unclaimed`, `kind-` and a kind, or `town-` and a region code' }]);
    const parts = await listVoice(ctx.db);
    if (parts.length >= limits.voiceParts && !parts.some((p) => p.part === part)) throw invalid([{ field: 'part', expected: `at most ${limits.voiceParts} parts` }]);
    await writeVoice(ctx.db, { part, type, audio, by: caller.name });
    await ctx.audit({ actor: caller.actor, action: 'voice.set', target: part, result: 'ok', detail: { bytes: audio.length } });
    return { ok: true as const };
  });

  app.delete('/api/v1/desk/voice/:part', { config: { access: may.writeProvider }, schema: { summary: 'Remove one part', tags, params: Params, response: { 200: Ok, ...errorAnswers } } }, async (request) => {
    const caller = callerOf(request);
    county(caller);
    if (!(await dropVoice(ctx.db, request.params.part))) throw nothing();
    await ctx.audit({ actor: caller.actor, action: 'voice.remove', target: request.params.part, result: 'ok', detail: {} });
    return { ok: true as const };
  });
}
