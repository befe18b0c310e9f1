/** One question to a vendor's cloud over HTTP: bounded in time and size, tried again where that can help, and never faster than the vendor says. */
import { limits } from '#core/limits.ts';
import type { Ask } from '#vendors/history.ts';
import { pause } from '#work/pause.ts';

/** The vendor wants to be left alone for so long. */
export class VendorBusy extends Error {
  readonly waitMs: number;
  constructor(waitMs: number) {
    super('the vendor says: too many requests');
    this.waitMs = waitMs;
  }
}
/** It did not answer, or not as it should; in words without any content of the answer. */
export class VendorFailed extends Error {
  readonly status: number;
  constructor(why: string, status = 0) {
    super(why);
    this.status = status;
  }
}

export type Answer = { text: string; header(name: string): string | null };
const againMs = 300;

/** Throws VendorBusy at once, VendorFailed after limits.vendorAskTries. */
export async function askVendor(base: string, { method, path, headers, body }: Ask, signal: AbortSignal): Promise<Answer> {
  for (let attempt = 1; ; attempt++) {
    try {
      const response = await fetch(`${base.replace(/\/$/, '')}${path}`, { method, headers, redirect: 'error', signal: AbortSignal.any([signal, AbortSignal.timeout(limits.vendorAskMs)]), ...(body !== null && { body }) });
      const text = await textOf(response);
      if (response.status === 429 || (response.status === 503 && response.headers.has('retry-after'))) throw new VendorBusy(busyMs(response.headers.get('retry-after')));
      if (response.status !== 200) throw new VendorFailed(`HTTP ${response.status}${response.status === 401 || response.status === 403 ? ': the key, the secret or the clock is refused' : ''}`, response.status);
      return { text, header: (name) => response.headers.get(name) };
    } catch (error) {
      const failed = error instanceof VendorFailed ? error : null;
      // What is refused stays refused.
      if (error instanceof VendorBusy || signal.aborted || attempt >= limits.vendorAskTries || (failed && failed.status >= 400 && failed.status < 500)) throw error instanceof VendorBusy || failed ? error : new VendorFailed(wordsOf(error as Error));
      await pause(againMs * 2 ** attempt);
    }
  }
}

const busyMs = (header: string | null): number => Math.min(limits.vendorBusyMaxMs, Math.max(limits.vendorBusyMs, Number(header) * 1_000 || 0));

function wordsOf(error: Error): string {
  const code = (error.cause as { code?: unknown } | undefined)?.code;
  return error.name === 'TimeoutError' ? `no answer in ${limits.vendorAskMs / 1_000} s` : error.name === 'AbortError' ? 'stopped' : typeof code === 'string' ? code : 'no connection';
}

async function textOf(response: Response): Promise<string> {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const part of response.body ?? []) {
    bytes += (part as Uint8Array).length;
    if (bytes > limits.vendorAskBytes) throw new VendorFailed(`an answer of more than ${limits.vendorAskBytes} bytes`, 413);
    parts.push(part as Uint8Array);
  }
  return Buffer.concat(parts).toString();
}
