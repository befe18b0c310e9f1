/**
 * Devices made for Aliyun's platform on our own broker (DEVICES 5.4): re-pointed by changing their host. Their signed password is proven
 * with the device secret that its registration holds; what they publish goes the way of a vendor's message, answered on `…_reply`
 * when it is durable; commands go down as services. They keep to topics that name them.
 */
import type { KnownDevice, Refused } from '#core/publish.ts';
import { limits } from '#core/limits.ts';
import { DecodeError } from '#core/errors.ts';
import type { DeviceCache } from '#doors/devices.ts';
import type { LoginOutcome } from '#doors/login.ts';
import type { Deliver } from '#doors/vendor-deliver.ts';
import type { Doors } from '#doors/vendor-doors.ts';
import { alinkPassword, alinkReply, alinkTopic, encodeAlinkCommand, readAlink, readAlinkLogin } from '#vendors/aliyun/alink.ts';
import { bytesOf, canonical, type Message, object, sameText } from '#vendors/push.ts';
import { pause } from '#work/pause.ts';

/** What a connection speaks instead of our own protocol; `name` stands in each of its topics. */
export type Dialect = { door: string; productKey: string; deviceName: string };
export type AlinkOptions = { doors: Pick<Doors, 'all' | 'get' | 'seen'>; devices: Pick<DeviceCache, 'byDoor'>; deliver: Deliver; refused: (refused: Refused) => void; now: () => number };
export type Alink = {
  /** null: not the CONNECT of such a device. */
  login(clientId: string, user: string, password: string | null, from: { address: string; onRefused: () => void }): Promise<LoginOutcome & { dialect?: Dialect }> | null;
  /** Resolves, when it is durable, with what is to be answered. */ take(dialect: Dialect, topic: string, payload: Uint8Array, address: string): Promise<{ topic: string; payload: Uint8Array } | null>;
};

const nobody = 'a secret that no device has';
const sysPrefix = ({ productKey, deviceName }: Dialect): string => `/sys/${productKey}/${deviceName}/`;
/** Whether a topic names this device. */
export const ownTopic = ({ productKey, deviceName }: Dialect, topic: string): boolean => `${topic}/`.includes(`/${productKey}/${deviceName}/`);

/** A command in this dialect. */
export function alinkCommand(dialect: Dialect, payload: Uint8Array): { topic: string; payload: Uint8Array } {
  const { rest, payload: said } = encodeAlinkCommand(JSON.parse(Buffer.from(payload).toString()) as Parameters<typeof encodeAlinkCommand>[0]);
  return { topic: `${sysPrefix(dialect)}${rest}`, payload: said };
}

export function createAlink(options: AlinkOptions): Alink {
  const { doors, devices, deliver, refused } = options;
  const prove = async (login: NonNullable<ReturnType<typeof readAlinkLogin>>, password: string | null, { address, onRefused }: { address: string; onRefused: () => void }): Promise<LoginOutcome & { dialect?: Dialect }> => {
    const startedMs = performance.now();
    const key = `${login.productKey}/${login.deviceName}`;
    let unknownAt: string | null = null;
    let wrong: KnownDevice | null = null;
    for (const door of doors.all()) {
      if (door.kind !== 'alink' || !door.enabled) continue;
      unknownAt ??= door.name;
      const device = await devices.byDoor(door.name, key);
      if (device === 'unavailable') return { refused: 'unavailable' };
      const right = sameText((password ?? '').toLowerCase(), alinkPassword(device?.vendor?.secret ?? nobody, login.method, login.fields));
      if (device && right && device.vendor?.secret && device.status !== 'revoked') { doors.seen(door.name); return { device, dialect: { door: door.name, productKey: login.productKey, deviceName: login.deviceName } }; }
      wrong ??= device;
    }
    onRefused();
    if (wrong) refused({ presentedId: wrong.id, reason: wrong.status === 'revoked' ? 'revoked' : 'wrong-secret', address, door: 'mqtt' });
    else refused({ presentedId: `${unknownAt ?? 'alink'}_${key}`, reason: 'unknown', address, door: unknownAt ?? 'mqtt', ...(unknownAt === null ? {} : { key }) });
    await pause(Math.max(0, startedMs + limits.failedAnswerMs - performance.now()));
    return { refused: 'credentials' };
  };
  return {
    login(clientId, user, password, from) {
      const login = readAlinkLogin(clientId, user);
      return login && prove(login, password, from);
    },
    async take(dialect, topic, payload, address) {
      const door = doors.get(dialect.door);
      if (!door) throw new Error('its door was closed');
      const { message, reply } = read(dialect, door.settings, topic, payload, options.now());
      await deliver(door, [message], address);
      return reply && { topic: `${sysPrefix(dialect)}${reply.rest}`, payload: reply.payload };
    },
  };
}

function read(dialect: Dialect, settings: Parameters<typeof readAlink>[2], topic: string, payload: Uint8Array, now: number): { message: Message; reply: ReturnType<typeof alinkReply> } {
  const base = { keys: [`${dialect.productKey}/${dialect.deviceName}`], states: [] };
  const parts = alinkTopic(topic);
  const alarm = /^thing\/event\/(?!property\/)/.test(parts?.rest ?? '');
  try {
    const frame = object(payload);
    const raw = bytesOf({ topic, payload: frame });
    // Versions, shadows, tags: of its platform's own business, and a sign of life.
    if (!parts?.rest.startsWith('thing/')) return { message: { ...base, raw, decoded: [canonical('heartbeat', {}, now)] }, reply: null };
    return { message: { ...base, raw, ...readAlink(parts.rest, frame, settings, dialect.productKey, now) }, reply: alinkReply(parts.rest, frame) };
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    return { message: { ...base, raw: bytesOf({ topic, payload: Buffer.from(payload).toString() }), decoded: [], unreadable: error.message, alarm }, reply: null };
  }
}
