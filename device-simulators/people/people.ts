/** The people behind the simulated telephones: each watches his own, and does what his persona does, in the world's time. */
import { randomOf } from '#core/demo-random.ts';
import type { PhonesApi } from '#simulators/api/phones.ts';
import { hashOf } from '#simulators/fleet/fleet.ts';
import type { Item, Phone } from '#simulators/standin/phones.ts';
import type { World } from '#simulators/world/world.ts';
import { type Act, answerOf, drawPersona, type Persona, type Shown } from './personas.ts';

export type PeopleOptions = { world: World; phones: PhonesApi; seed: number; /** Who this telephone belongs to; default: drawn by the seed. */ persona?: (phone: string) => Persona };
export type People = { /** Texts and keys so far. */ acted(): number; /** Acts that wait for their time. */ waiting(): number; personaOf(phone: string): Persona; stop(): void };

/** Items remembered as seen; the oldest go (the stand-in shows thirty of a phone). */
const seenMax = 50_000;

export async function startPeople({ world, phones, seed, persona }: PeopleOptions): Promise<People> {
  // What lies on the phones from before is nobody's business any more.
  const before = await phones.messages();
  const seen = new Set([...before.messages, ...before.calls].map((item) => item.id));
  const queue: { at: number; phone: string; callId: string | null; act: Act }[] = [];
  let acted = 0;
  const personaOf = (phone: string): Persona => persona?.(phone) ?? drawPersona(randomOf(hashOf(`${seed}/${phone}`)));
  /** Somebody else goes: "you need not go any more". */
  const forget = (phone: string, slip: string | undefined): void => {
    const left = queue.filter((q) => q.phone !== phone || slip === undefined || q.act.do !== 'reply' || !q.act.text.endsWith(slip));
    queue.splice(0, queue.length, ...left);
  };
  const look = (phone: Phone): void => {
    for (const item of phone.items) {
      if (item.type === 'reply' || seen.has(item.id)) continue;
      seen.add(item.id);
      const oldest = seen.size > seenMax ? seen.values().next().value : undefined;
      if (oldest !== undefined) seen.delete(oldest);
      if (item.type === 'sms' && item.template === 'taken') forget(phone.phone, item.params['no']);
      const acts = answerOf(personaOf(phone.phone), shownOf(item, phone), randomOf(hashOf(`${seed}/${phone.phone}/${item.template}`)));
      const now = world.now();
      for (const act of acts) queue.push({ at: now + act.afterMs, phone: phone.phone, callId: item.type === 'call' ? item.id : null, act });
    }
  };
  const perform = async (phone: string, callId: string | null, act: Act): Promise<void> => {
    if (act.do === 'reply') await phones.reply(phone, act.text);
    else if (callId !== null) await phones.press(callId, act.action);
  };
  const watch = phones.watch(look);
  const stopTicking = world.each((now) => {
    for (let i = queue.length - 1; i >= 0; i--) {
      const due = queue[i];
      if (!due || due.at > now) continue;
      queue.splice(i, 1);
      acted++;
      // A call that has ended meanwhile cannot be answered any more: that is life.
      void perform(due.phone, due.callId, due.act).catch(() => {});
    }
  });
  return { acted: () => acted, waiting: () => queue.length, personaOf, stop() { stopTicking(); watch.close(); } };
}

function shownOf(item: Exclude<Item, { type: 'reply' }>, phone: Phone): Shown {
  const slipOf = (i: Item): string | null => (i.type === 'sms' ? (i.params['no'] ?? /^(\d\d)/.exec(i.params['list'] ?? '')?.[1] ?? null) : null);
  if (item.type === 'sms') return { type: 'sms', template: item.template, slip: slipOf(item) };
  const texts = phone.items.filter((i) => i.type === 'sms' && slipOf(i) !== null);
  return { type: 'call', keys: item.keys, template: item.template, slip: texts.length === 0 ? null : slipOf(texts.at(-1) as Item) };
}
