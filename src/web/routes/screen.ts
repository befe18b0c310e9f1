/**
 * A screen on the wall (大屏) trades its viewer token for a cookie: a browser cannot send a token with its websocket, and nobody logs a
 * television in each morning. Only the role that sees everything masked and may press nothing comes in this way.
 */
import { Type } from 'typebox';
import { limits } from '#core/limits.ts';
import { findToken } from '#store/tokens.ts';
import type { App, WebContext } from '#web/context.ts';
import { ApiError } from '#web/errors.ts';
import { errorAnswers, Ok, Shape } from '#web/schemas.ts';
import { cookieRule, cookieText, screenRole } from '#web/session.ts';

export function registerScreen(app: App, ctx: WebContext): void {
  const rule = cookieRule(ctx.settings.publicUrl);
  app.post('/api/v1/screen', {
    config: { access: 'public' },
    schema: {
      summary: 'A big screen shows its viewer token and gets a cookie for it; the token lives and dies as before', tags: ['session'],
      body: Shape({ token: Type.String({ minLength: 20, maxLength: 200 }) }), response: { 200: Ok, ...errorAnswers },
    },
  }, async (request, reply) => {
    const token = await findToken(ctx.db, ctx.seal.secretHash(request.body.token));
    if (token?.role !== screenRole) throw new ApiError('E_UNAUTHENTICATED', `Not a living token of the role ${screenRole}.`);
    reply.header('set-cookie', cookieText(rule, rule.screenName, request.body.token, limits.screenCookieMs));
    return { ok: true as const };
  });
}
