/** What pages may know of the dialects: which secrets a door needs, and what a frame would say behind one. Pure. */
import { DecodeError } from '#core/errors.ts';
import { type DoorKindHelp, type DoorPreview, type DoorWords, doorKinds } from '#core/vendor-door.ts';
import { histories } from './history.ts';
import { pushVendors } from './push-vendors.ts';
import type { Message } from './push.ts';

const help = (kind: (typeof doorKinds)[number]): DoorKindHelp => ({
  kind, pushes: pushVendors[kind] !== undefined, history: histories[kind] ? { url: histories[kind].url, needs: histories[kind].needs } : null,
  secrets: Object.entries(pushVendors[kind]?.secrets ?? {}).map(([name, s]) => ({ name, what: s.what, pattern: s.shape.source, optional: s.optional === true })),
});

const told = (m: Message): DoorPreview['messages'][number] => ({
  keys: m.keys, unreadable: m.unreadable ?? null,
  said: [...m.states.map((s) => ({ channel: s.on ? 'event' : 'event-off', what: s.event })), ...m.decoded.map(({ channel, ...what }) => ({ channel, what }))],
});

export const doorWords: DoorWords = {
  kinds: doorKinds.map(help),
  preview(kind, settings, frame, now) {
    const vendor = pushVendors[kind];
    if (!vendor) return { problem: 'this kind of door has no pushes', messages: [] };
    try {
      return { problem: null, messages: vendor.read(frame, settings, now).map(told) };
    } catch (error) {
      if (error instanceof DecodeError) return { problem: error.message, messages: [] };
      throw error;
    }
  },
};
