/**
 * A 4G modem on this machine by the folders of gammu-smsd (its FILES backend): the way out when no network is left. One file is one
 * message, named so that it is found again; `sent` and `error` say what became of it, `inbox` holds the answers. It has no voice.
 */
import { open, readdir, readFile, rename, stat, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { render, variables } from '#core/messages.ts';
import type { ProviderSettings } from '#core/provider.ts';
import type { Channel, Fate, Gateway, Incoming, Message, Outcome, Refusal } from '#notify/channels/channel.ts';
import { shownCode } from '#notify/channels/network.ts';

/** The daemon's folders below one: outbox, sent, error, inbox (gammu-smsdrc: OutboxPath, SentSMSPath, ErrorSMSPath, InboxPath; OutboxFormat=unicode off, UTF-8 text). */
export type ModemOptions = { folder: string; /** Milliseconds for which a file may lie in the outbox before the daemon counts as dead. */ staleMs: number };

const refusal = (code: string, more: Partial<Refusal> = {}): Outcome => ({ kind: 'rejected', class: 'F', scope: 'provider', retries: 0, endsAs: 'F', retryAfterMs: null, page: false, code: shownCode(code), ...more });

export function modemGateway(options: ModemOptions, settings: () => ProviderSettings): Gateway {
  const at = (name: string): string => join(options.folder, name);
  const sms: Channel = {
    kind: 'sms',
    send: (message) => put(at('outbox'), message, settings().sign),
    sendPlain: () => null,
    query: (sent) => fateOf(at, sent.outId),
  };
  const voice: Channel = { kind: 'voice', send: async () => refusal('local.NO_VOICE'), sendPlain: () => null, query: async () => ({ kind: 'not-found' }) };
  return {
    name: 'modem', real: true, channels: { sms, voice },
    async check() {
      const missing: string[] = [];
      for (const name of ['outbox', 'sent', 'error', 'inbox']) if (!(await stat(at(name)).then((s) => s.isDirectory(), () => false))) missing.push(`the modem’s folder ${at(name)} is not there`);
      const waiting = missing.length > 0 ? [] : await Promise.all((await readdir(at('outbox'))).map((file) => stat(join(at('outbox'), file)).then((s) => Date.now() - s.mtimeMs, () => 0)));
      if (Math.max(0, ...waiting) > options.staleMs) missing.push('the modem takes nothing out of its outbox: is gammu-smsd running?');
      return { missing, templates: [] };
    },
    pull: () => inbox(at('inbox')),
  };
}

/** `OUTA{date}_{time}_00_{number}_{outId}.txtd`: A is the highest priority, d asks for a report. Written aside first: the daemon must not see half a text. */
async function put(folder: string, message: Message, sign: string): Promise<Outcome> {
  const text = `【${sign}】${render(message.template, variables(message.template, message.params, sign))}`;
  const stamp = new Date().toISOString().replace(/[-:]|\..*$/g, '').replace('T', '_');
  const name = `OUTA${stamp}_00_${message.to}_${message.outId}.txtd`;
  try {
    const temporary = join(folder, `.${name}.part`);
    const file = await open(temporary, 'w', 0o600);
    try { await file.writeFile(text, 'utf8'); await file.sync(); } finally { await file.close(); }
    await rename(temporary, join(folder, name));
    return { kind: 'accepted', providerId: name };
  } catch (error) {
    return refusal(`local.${(error as NodeJS.ErrnoException).code ?? 'MODEM'}`, { class: 'F', scope: 'account', page: true });
  }
}

async function fateOf(at: (name: string) => string, outId: string): Promise<Fate> {
  try {
    const has = async (folder: string): Promise<boolean> => (await readdir(at(folder))).some((file) => file.includes(`_${outId}.`));
    if (await has('sent')) return { kind: 'delivered' };
    if (await has('error')) return { kind: 'failed', code: 'modem.ERROR', class: 'F' };
    return { kind: (await has('outbox')) ? 'waiting' : 'not-found' };
  } catch (error) {
    return { kind: 'no-answer', code: shownCode((error as NodeJS.ErrnoException).code ?? '') };
  }
}

const incoming = /^IN(\d{8})_(\d{6})_(\d+)_(\+?\d+)_(\d+)\.txt$/;

/** Answers, the parts of one text put together, oldest first, as the provider would push them. */
async function inbox(folder: string): Promise<Incoming[]> {
  const parts = (await readdir(folder)).flatMap((file) => { const m = incoming.exec(file); return m ? [{ file, key: `${m[1]}_${m[2]}_${m[3]}_${m[4]}`, from: m[4] as string, day: m[1] as string, time: m[2] as string, part: Number(m[5]) }] : []; });
  const texts = Map.groupBy(parts.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : a.part - b.part)), (p) => p.key);
  return Promise.all([...texts].map(async ([key, list]): Promise<Incoming> => {
    const [first] = list;
    const content = (await Promise.all(list.map((p) => readFile(join(folder, p.file), 'utf8')))).join('');
    const time = `${first?.day.replace(/(\d{4})(\d\d)(\d\d)/, '$1-$2-$3')} ${first?.time.replace(/(\d\d)(\d\d)(\d\d)/, '$1:$2:$3')}`;
    return {
      kind: 'sms-up', body: JSON.stringify([{ phone_number: (first?.from ?? '').replace(/^\+?86(?=1\d{10}$)/, ''), content, send_time: time, sequence_id: `modem-${key}` }]),
      taken: async () => { for (const p of list) await unlink(join(folder, p.file)); },
    };
  }));
}
