/**
 * MQTT 3.1.1 as bytes: where a packet ends, and whether it is well-formed. What aedes and mqtt-packet let through is refused
 * here (RELIABILITY 1.2): illegal UTF-8 and control characters, message id 0, a will of QoS 3, excess bytes, wrong levels.
 */
import { isAscii, isUtf8 } from 'node:buffer';

const packetTypes = { connect: 1, publish: 3, puback: 4, pubrec: 5, pubrel: 6, pubcomp: 7, subscribe: 8, unsubscribe: 10, pingreq: 12, disconnect: 14 } as const;

/** What the guard must know of a well-formed packet. */
export type Packet =
  | { type: 'connect'; level: number; keepAliveS: number }
  | { type: 'publish'; qos: 0 | 1 | 2; messageId: number; event: boolean }
  | { type: 'puback' | 'pubrel'; messageId: number }
  | { type: 'subscribe' | 'unsubscribe' | 'pingreq' | 'disconnect' };

/** Bytes of the packet that begins at `from`: null when its header is not whole yet, -1 when its length is not a length. */
export function packetLength(bytes: Uint8Array, from = 0): number | null {
  let length = 0;
  for (let i = 1; i <= 4; i++) {
    const byte = bytes[from + i];
    if (byte === undefined) return null;
    length += (byte & 0x7f) * 128 ** (i - 1);
    if (byte < 0x80) return length + i + 1;
  }
  return -1;
}

/** Walks the fields of one packet; after a step beyond the end, or a bad text, `bad` stays set. */
class Fields {
  readonly bytes: Buffer;
  at: number;
  bad = false;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
    this.at = 2;
    while ((bytes[this.at - 1] ?? 0) >= 0x80) this.at++;
  }

  get left(): number { return this.bytes.length - this.at; }

  byte(): number {
    if (this.left < 1) { this.bad = true; return 0; }
    return this.bytes[this.at++] as number;
  }

  word(): number { return this.byte() * 256 + this.byte(); }

  /** Skips a length-prefixed field and returns its bytes. */
  binary(): Buffer {
    const length = this.word();
    if (this.bad || this.left < length) { this.bad = true; return this.bytes.subarray(0, 0); }
    this.at += length;
    return this.bytes.subarray(this.at - length, this.at);
  }

  text(): Buffer {
    const bytes = this.binary();
    if (!cleanText(bytes)) this.bad = true;
    return bytes;
  }
}

/** UTF-8 without control characters (U+0000 to U+001F, U+007F to U+009F) and non-characters [MQTT-1.5.3]. */
function cleanText(bytes: Buffer): boolean {
  for (const byte of bytes) if (byte < 0x20 || byte === 0x7f) return false;
  if (isAscii(bytes)) return true;
  return isUtf8(bytes) && !/[\u0080-\u009f\ufdd0-\ufdef\ufffd-\uffff]|[\ud83f\ud87f\ud8bf\ud8ff\ud93f\ud97f\ud9bf\ud9ff\uda3f\uda7f\udabf\udaff\udb3f\udb7f\udbbf\udbff][\udffe\udfff]/.test(bytes.toString());
}

const eventTopic = Buffer.from('/event');
/** Whether an event may be among these bytes: some that are none say so too; one is missed only when its topic is cut in two. */
export const bringsEvent = (chunk: Buffer): boolean => chunk.includes(eventTopic);


/** Judges one whole packet of a device; a text is the rule it breaks. */
export function checkPacket(bytes: Buffer): Packet | string {
  const first = bytes[0] as number;
  const flags = first & 0x0f;
  if (first >> 4 === packetTypes.publish) return checkPublish(bytes, flags);
  const fields = new Fields(bytes);
  switch (first >> 4) {
    case packetTypes.connect: return flags === 0 ? checkConnect(fields) : 'bad-flags';
    case packetTypes.puback: return flags === 0 ? acknowledged(fields, 'puback') : 'bad-flags';
    case packetTypes.pubrel: return flags === 2 ? acknowledged(fields, 'pubrel') : 'bad-flags';
    case packetTypes.pubrec: case packetTypes.pubcomp: return 'unsolicited-ack'; // we never send QoS 2
    case packetTypes.subscribe: return flags === 2 ? checkSubscribe(fields) : 'bad-flags';
    case packetTypes.unsubscribe: return flags === 2 ? checkUnsubscribe(fields) : 'bad-flags';
    case packetTypes.pingreq: return flags === 0 && fields.left === 0 ? { type: 'pingreq' } : 'bad-ping';
    case packetTypes.disconnect: return flags === 0 && fields.left === 0 ? { type: 'disconnect' } : 'bad-disconnect';
    default: return 'bad-type';
  }
}

function checkConnect(f: Fields): Packet | string {
  const name = f.binary().toString('latin1');
  const level = f.byte();
  if (f.bad || (name !== 'MQTT' && name !== 'MQIsdp')) return 'bad-protocol';
  if (!(name === 'MQTT' && level === 4) && !(name === 'MQIsdp' && level === 3)) return { type: 'connect', level, keepAliveS: 0 };
  const flags = f.byte();
  const keepAliveS = f.word();
  const will = (flags & 0x04) !== 0;
  const willQos = (flags >> 3) & 3;
  const user = (flags & 0x80) !== 0;
  const password = (flags & 0x40) !== 0;
  if ((flags & 0x01) !== 0 || willQos === 3 || (!will && (flags & 0x38) !== 0) || (password && !user)) return 'bad-connect-flags';
  f.text(); // client id: judged by auth
  if (will) {
    if (f.text().length === 0) return 'bad-will';
    f.binary();
  }
  if (user) f.text();
  if (password) f.binary();
  if (f.bad) return 'bad-connect';
  return f.left > 0 ? 'excess-bytes' : { type: 'connect', level, keepAliveS };
}

/** Nearly every packet is one: a single walk over its topic, and nothing allocated but the answer. */
function checkPublish(bytes: Buffer, flags: number): Packet | string {
  const qos = (flags >> 1) & 3;
  if (qos === 3 || (qos === 0 && (flags & 0x08) !== 0)) return 'bad-flags';
  let begin = 2;
  while ((bytes[begin - 1] ?? 0) >= 0x80) begin++;
  const length = (bytes[begin] ?? 0) * 256 + (bytes[begin + 1] ?? 0);
  begin += 2;
  const end = begin + length;
  if (length === 0 || end > bytes.length) return 'bad-topic';
  let ascii = true;
  for (let i = begin; i < end; i++) {
    const byte = bytes[i] as number;
    if (byte < 0x20 || byte === 0x7f || byte === 0x23 || byte === 0x2b) return 'bad-topic'; // controls, # +
    if (byte >= 0x80) ascii = false;
  }
  if (!ascii && !cleanText(bytes.subarray(begin, end))) return 'bad-topic';
  const messageId = qos === 0 ? 0 : (bytes[end] ?? 0) * 256 + (bytes[end + 1] ?? 0);
  if (qos > 0 && (messageId === 0 || end + 2 > bytes.length)) return 'bad-message-id';
  return { type: 'publish', qos: qos as 0 | 1 | 2, messageId, event: length > eventTopic.length && bytes.compare(eventTopic, 0, eventTopic.length, end - eventTopic.length, end) === 0 };
}

function acknowledged(f: Fields, type: 'puback' | 'pubrel'): Packet | string {
  const messageId = f.word();
  return f.bad || messageId === 0 || f.left > 0 ? 'bad-message-id' : { type, messageId };
}

function checkSubscribe(f: Fields): Packet | string {
  if (f.word() === 0 || f.bad) return 'bad-message-id';
  if (f.left === 0) return 'bad-subscribe';
  while (f.left > 0) {
    const filter = f.text();
    if (f.byte() > 2 || f.bad || filter.length === 0) return 'bad-subscribe';
  }
  return { type: 'subscribe' };
}

function checkUnsubscribe(f: Fields): Packet | string {
  if (f.word() === 0 || f.bad) return 'bad-message-id';
  if (f.left === 0) return 'bad-unsubscribe';
  while (f.left > 0) if (f.text().length === 0 || f.bad) return 'bad-unsubscribe';
  return { type: 'unsubscribe' };
}
