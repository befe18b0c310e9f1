/** A call of a flow, handed on to the API of the flows with the token that its keeper alone holds. */
import { flowsApi } from '#core/flows.ts';

export async function callApi(to: { /** where the web role is reached */ api: string; token: string }, path: unknown, body: unknown): Promise<{ status: number; body: string }> {
  const url = URL.parse(String(path), to.api);
  // The token opens nothing else, and no other door of the house is shown to a flow either.
  if (url?.origin !== new URL(to.api).origin || !url.pathname.startsWith(flowsApi)) return { status: 403, body: JSON.stringify({ error: { code: 'E_FORBIDDEN', message: 'not a call of the flows' } }) };
  const answer = await fetch(url, { method: 'POST', redirect: 'error', headers: { authorization: `Bearer ${to.token}`, 'content-type': 'application/json' }, body: JSON.stringify(body ?? {}), signal: AbortSignal.timeout(10_000) });
  return { status: answer.status, body: await answer.text() };
}
