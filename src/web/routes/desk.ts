/** The desk's vigilance by night (值守确认, FIELD F3): each question, its answer or its miss, and whose phone rang. */
import { dayMs } from '#core/clock.ts';
import { Type } from 'typebox';
import { limits } from '#core/limits.ts';
import { listQuestions, openQuestion } from '#store/vigilance.ts';
import { alertReaders, callerOf, ofWholeCounty } from '#web/access.ts';
import type { App, WebContext } from '#web/context.ts';
import { EpochMs, errorAnswers, Nullable, Shape } from '#web/schemas.ts';

export function registerDesk(app: App, ctx: WebContext): void {
  app.get('/api/v1/desk/vigilance', {
    config: { access: alertReaders },
    schema: {
      summary: 'Questions to the desk by night whether anybody is awake (值守确认), newest first', tags: ['alerts'], querystring: Shape({ hours: Type.Optional(Type.Integer({ minimum: 1, maximum: 24 * 92 })) }),
      response: {
        200: Shape({
          open: Nullable(Shape({ askedAt: EpochMs, missed: Type.Integer({ description: 'questions missed before this one' }) })),
          questions: Type.Array(Shape({ askedAt: EpochMs, inputAt: EpochMs, answeredAt: Nullable(EpochMs), missedAt: Nullable(EpochMs), voidAt: Nullable(EpochMs), rungAt: Nullable(EpochMs), rungParty: Nullable(Type.String()) })),
        }), ...errorAnswers,
      },
    },
  }, async (request) => {
    if (!ofWholeCounty(callerOf(request))) return { open: null, questions: [] }; // the county's desk is asked
    const rows = await listQuestions(ctx.db, (request.query.hours ?? 24) * (dayMs / 24), limits.pageRows);
    const whole = (ms: number | null): number | null => (ms === null ? null : Math.round(ms));
    const open = await openQuestion(ctx.db);
    return {
      open: open && { ...open, askedAt: Math.round(open.askedAt) },
      questions: rows.map((q) => ({ ...q, askedAt: Math.round(q.askedAt), inputAt: Math.round(q.inputAt), answeredAt: whole(q.answeredAt), missedAt: whole(q.missedAt), voidAt: whole(q.voidAt), rungAt: whole(q.rungAt) })),
    };
  });
}
