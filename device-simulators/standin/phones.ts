/** The telephones: what each received, said and rang; bounded, in memory only. Changes are told to whoever watches. */
export type SmsItem = {
  type: 'sms'; id: string; at: number; phone: string; sign: string; template: string; text: string; outId: string; bizId: string;
  params: Record<string, string>; parts: number; status: 'waiting' | 'delivered' | 'failed'; code: string | null; reportedAt: number | null;
};
export type CallItem = {
  type: 'call'; id: string; at: number; phone: string; action: string; template: string; text: string; outId: string; params: Record<string, string>;
  state: 'ringing' | 'answered' | 'ended'; answeredAt: number | null; endedAt: number | null; status: string | null;
  /** Whether keys are heard. */ keys: boolean; pressed: string; ignored: boolean; menu: Record<string, string>;
};
export type ReplyItem = { type: 'reply'; id: string; at: number; phone: string; content: string };
export type Item = SmsItem | CallItem | ReplyItem;
export type Phone = { phone: string; at: number; items: Item[] };

const phonesMax = 500;
const itemsMax = 100;

export type Phones = {
  list(): Phone[];
  items(): Item[];
  add(item: Item): void;
  /** Says that an item of this phone has changed. */
  changed(phone: string): void;
  find(predicate: (item: Item) => boolean): Item | null;
  watch(see: (phone: Phone) => void): () => void;
  clear(): void;
};

export function createPhones(): Phones {
  const phones = new Map<string, Phone>();
  const watchers = new Set<(phone: Phone) => void>();
  const items = (): Item[] => [...phones.values()].flatMap((p) => p.items).sort((a, b) => a.at - b.at);
  const changed = (number: string): void => {
    const phone = phones.get(number);
    if (phone) for (const see of watchers) see(phone);
  };
  return {
    list: () => [...phones.values()].sort((a, b) => b.at - a.at),
    items, changed,
    add(item) {
      const phone = phones.get(item.phone) ?? { phone: item.phone, at: 0, items: [] };
      phone.at = item.at;
      phone.items.push(item);
      if (phone.items.length > itemsMax) phone.items.shift();
      phones.delete(item.phone); // the map's order is then by last use, and the longest unused goes first
      phones.set(item.phone, phone);
      for (const oldest of phones.keys()) { if (phones.size <= phonesMax) break; phones.delete(oldest); }
      changed(item.phone);
    },
    find: (predicate) => items().findLast(predicate) ?? null,
    watch(see) {
      watchers.add(see);
      return () => watchers.delete(see);
    },
    clear() { phones.clear(); },
  };
}

/** Beijing's `yyyy-MM-dd HH:mm:ss`, as the provider writes times. */
export const providerTime = (epochMs: number): string => new Date(epochMs + 8 * 3_600_000).toISOString().slice(0, 19).replace('T', ' ');

/** As numbers are compared and shown: without the country code, digits only. */
export function plainNumber(phone: string): string {
  const digits = phone.replace(/\D/g, '').replace(/^(?:0086|86)(?=1\d{10}$)/, '');
  return digits.replace(/^(?:0086|86)(?=[2-9]\d{8,10}$)/, '0');
}

/** A mobile of eleven digits or a landline with its area code. */
export const isNumber = (phone: string): boolean => /^1[3-9]\d{9}$/.test(plainNumber(phone)) || /^0\d{9,11}$/.test(plainNumber(phone));
