/** The house's HTTP API as a machine calls it: a bearer token, or the cookie of a login. Refusals come with the house's own words. */

export type Credential = { token: string } | { cookie: string };
export type HouseApi = {
  readonly url: string; readonly headers: Readonly<Record<string, string>>;
  /** The JSON answer of any 2xx; rejects with ApiProblem. */
  call<T>(method: 'GET' | 'POST' | 'PATCH' | 'DELETE', path: string, body?: unknown): Promise<T>;
};

/** The house said no, or did not answer (`status` 0). */
export class ApiProblem extends Error {
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.name = 'ApiProblem';
    this.status = status;
  }
}

const answerMs = 30_000;
/** A question is asked again while the house restarts; a change is not: whether it was made is not known. */
const asks = 4;
const askAgainMs = 500;

export function createApi(url: string, credential: Credential): HouseApi {
  const base = url.replace(/\/$/, '');
  const headers: Record<string, string> = 'token' in credential ? { authorization: `Bearer ${credential.token}` } : { cookie: credential.cookie, origin: base };
  const once = async <T>(method: string, path: string, body: unknown): Promise<T> => {
    let response: Response;
    let text: string;
    try {
      response = await fetch(base + path, {
        method, headers: { ...headers, ...(body === undefined ? {} : { 'content-type': 'application/json' }) }, signal: AbortSignal.timeout(answerMs), ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      text = await response.text();
    } catch (error) {
      throw new ApiProblem(0, `${method} ${path}: no answer from ${base} (${reason(error)})`);
    }
    if (!response.ok) throw new ApiProblem(response.status, `${method} ${path}: ${response.status} ${words(text)}`);
    return (text === '' ? {} : JSON.parse(text)) as T;
  };
  return {
    url: base, headers,
    async call(method, path, body) {
      for (let n = 1; ; n++)
        try {
          return await once(method, path, body);
        } catch (error) {
          const passing = error instanceof ApiProblem && (error.status === 0 || error.status === 503);
          if (method !== 'GET' || !passing || n === asks) throw error;
          await new Promise((resolve) => setTimeout(resolve, askAgainMs));
        }
    },
  };
}

function reason(error: unknown): string {
  const { cause, message } = error as { cause?: { code?: string; message?: string }; message: string };
  return cause?.code ?? cause?.message ?? message;
}

/** The house's own text with the fields it names, or the beginning of whatever came. */
function words(text: string): string {
  try {
    const { error } = JSON.parse(text) as { error?: { message?: string; fields?: { field: string; expected: string }[] } };
    const fields = (error?.fields ?? []).slice(0, 5).map((f) => `${f.field}: expected ${f.expected}`);
    return [error?.message ?? text.slice(0, 200), ...fields].join('; ');
  } catch {
    return text.slice(0, 200);
  }
}
