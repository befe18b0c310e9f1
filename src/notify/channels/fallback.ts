/**
 * Two gateways as one: what the first refuses for a reason of its own, or surely never got, goes to the second within the same second (E4).
 * A message of unknown outcome is not said twice on one channel: the plan's next channel follows (law 6). While the first answers
 * nothing at all the second is asked first, and one message in a while tries the first again.
 */
import type { Monotonic } from '#core/clock.ts';
import { limits } from '#core/limits.ts';
import type { Channel, ChannelKind, Gateway, Message, Outcome } from './channel.ts';

const mark = '2/';

/** Whether the other gateway may do better: not when the number or the text is at fault. */
const elsewhere = (o: Outcome): boolean => o.kind === 'rejected' && (o.scope === 'provider' || o.scope === 'account');

export function withFallback(first: Gateway, second: Gateway, monotonic: Monotonic = () => performance.now()): Gateway {
  const channels = { sms: pair('sms'), voice: pair('voice') } satisfies Record<ChannelKind, Channel>;
  function pair(kind: ChannelKind): Channel {
    const [one, two] = [first.channels[kind], second.channels[kind]];
    let silent = 0;
    let triedAt = Number.NEGATIVE_INFINITY;
    const marked = (o: Outcome): Outcome => (o.kind === 'accepted' ? { ...o, providerId: mark + o.providerId } : o);
    const byFirst = async (message: Message): Promise<Outcome> => {
      const outcome = await one.send(message);
      silent = outcome.kind === 'unknown' || (outcome.kind === 'rejected' && outcome.scope === 'provider') ? silent + 1 : 0;
      if (silent >= limits.breakerFailures) triedAt = monotonic();
      return outcome;
    };
    return {
      kind,
      async send(message) {
        if (silent >= limits.breakerFailures && monotonic() - triedAt < limits.breakerTryMs) {
          const outcome = await two.send(message);
          return elsewhere(outcome) ? byFirst(message) : marked(outcome);
        }
        const outcome = await byFirst(message);
        if (!elsewhere(outcome)) return outcome;
        const again = await two.send(message);
        return elsewhere(again) ? outcome : marked(again); // both at fault: the first one's word counts, and its retries
      },
      sendPlain: (message) => one.sendPlain(message) ?? two.sendPlain(message)?.then(marked) ?? null,
      query: (sent) => (sent.providerId?.startsWith(mark) ? two.query({ ...sent, providerId: sent.providerId.slice(mark.length) }) : one.query(sent)),
    };
  }
  return {
    name: first.name, real: first.real, channels,
    async check() {
      const [a, b] = await Promise.all([first.check(), second.check()]);
      return { missing: [...a.missing, ...b.missing.map((text) => `second gateway: ${text}`)], templates: a.templates };
    },
    async pull() { return (await Promise.all([first, second].map((g) => g.pull?.() ?? []))).flat(); },
  };
}
