/**
 * The steps of an acceptance, each proven by what the house has stored (asked through its API), never by what the device says of
 * itself alone. A step answers its evidence; what it cannot prove it throws as a Failing, with the reason in both languages.
 */
import { ApiProblem, type HouseApi } from '#simulators/api/client.ts';
import { type AlertInFull, type DeviceSeen, readAlert, readAlerts, readEvents } from '#simulators/api/house.ts';
import type { Hands } from './hands.ts';
import { type Profile, type StepName, waitMs, type Words } from '#core/acceptance.ts';

export class Failing extends Error {
  readonly words: Words;
  constructor(zh: string, en: string) { super(en); this.name = 'Failing'; this.words = { zh, en }; }
}
export type Device = DeviceSeen & { type: string; version: number; registeredAt: number; testUntil: number | null };
export type Command = { id: string; name: string; state: string; text: string | null; createdAt: number; acknowledgedAt: number | null; doneAt: number | null };
type InFull = AlertInFull & { commands: (Command & { deviceId: string })[] };
export type Evidence = { facts: string[]; /** from the cause to the proof, by the house's clock */ ms: number | null };

export type Rehearsal = {
  api: HouseApi; device: Device; profile: Profile; hands: Hands;
  /** The house's clock, epoch ms, as last asked for; `sync` asks again. */ now(): number; sync(): Promise<void>;
  /** When the live channel first showed this alert, by the house's clock; null: not yet. */ seenLive(alertId: string): number | null;
  /** Asks until the answer is something, or the time is up: then null. */ until<T>(limitMs: number, look: () => Promise<T | null>): Promise<T | null>;
  /** Set by the alarm, used by what comes after it. */ alertId: string | null;
};

export const readDeviceNow = (r: Pick<Rehearsal, 'api' | 'device'>): Promise<Device> => r.api.call('GET', `/api/v1/devices/${encodeURIComponent(r.device.id)}`);
const alertNow = async (r: Rehearsal, id: string): Promise<InFull> => (await readAlert(r.api, id)) as InFull;

/** What a program can prove; that a voice was heard, only ears know. */
export type ProgramStep = Exclude<StepName, 'voice'>;
export const steps: Readonly<Record<ProgramStep, (r: Rehearsal) => Promise<Evidence>>> = {
  registered, connected, heartbeat, alarm, cancel, offline, reconnect, 'contact-sms': contactSms,
};

async function registered({ device }: Rehearsal): Promise<Evidence> {
  if (device.status !== 'installed') throw new Failing(`设备状态是 ${device.status}，不是已安装`, `its status is ${device.status}, not installed`);
  if (device.homeId === null && device.personId === null) throw new Failing('没有绑定住户或老人：报警不知道去哪一家', 'bound to no home and no person: an alarm would have no address');
  return { facts: [`device ${device.id}`, device.model, `home ${device.homeId ?? '–'}`, `person ${device.personId ?? '–'}`, `region ${device.regionCode ?? '–'}`], ms: null };
}

async function connected(r: Rehearsal): Promise<Evidence> {
  const began = r.now();
  const own = await r.hands.provoke('connected', r.profile);
  if (!r.profile.hears) return { facts: [own ?? '由下一步证明 · proven by the next step'], ms: null };
  const done = await testCall(r);
  if (!done) throw new Failing('设备没有连上：下行测试命令没有回执', 'not connected: the test command was never acknowledged');
  return { facts: [...(own === null ? [] : [own]), `command c${done.id} ${done.state}`], ms: (done.acknowledgedAt ?? began) - done.createdAt };
}

/** A command that comes back proves both directions, whatever the class of the device; null: it did not. */
async function testCall(r: Rehearsal): Promise<Command | null> {
  const { id } = await r.api.call<Command>('POST', `/api/v1/devices/${encodeURIComponent(r.device.id)}/commands`, { name: 'test-call', validS: Math.ceil(waitMs.connected / 1000) });
  return await r.until(waitMs.connected, async () => {
    const { commands } = await r.api.call<{ commands: Command[] }>('GET', `/api/v1/devices/${encodeURIComponent(r.device.id)}/commands`);
    const mine = commands.find((c) => c.id === id);
    return mine && mine.acknowledgedAt !== null ? mine : null;
  });
}

async function heartbeat(r: Rehearsal): Promise<Evidence> {
  const began = r.now();
  const own = await r.hands.provoke('heartbeat', r.profile);
  const seen = await r.until(waitMs.heartbeat, async () => {
    const d = await readDeviceNow(r);
    return d.state === 'online' && (d.lastSeenAt ?? 0) > began ? d : null; // newer than the test call's own answer
  });
  if (!seen) throw new Failing('没有收到心跳：库里没有新的上报时间', 'no heartbeat: the store has no newer sign of life');
  const at = seen.lastSeenAt ?? began;
  return { facts: [...(own === null ? [] : [own]), `lastSeenAt ${iso(at)}`, `battery ${seen.battery ?? '–'}`], ms: Math.max(0, at - began) };
}

async function alarm(r: Rehearsal): Promise<Evidence> {
  const { alarm: kind, hears } = r.profile;
  const began = r.now();
  const own = await r.hands.provoke('alarm', r.profile);
  const event = await r.until(waitMs.alarm, async () => (await readEvents(r.api, r.device.id, { kind })).find((e) => e.receivedAt >= began - 1_000 && e.alertId !== null) ?? null);
  if (!event?.alertId) throw new Failing(`没有收到报警（${kind}）：库里没有事件，或没有生成警情`, `no alarm (${kind}): no event in the store, or it raised nothing`);
  r.alertId = event.alertId;
  const live = await r.until(10_000, async () => r.seenLive(event.alertId ?? ''));
  if (live === null) throw new Failing(`警情 ${event.alertId} 没有出现在值班台`, `alert ${event.alertId} did not reach the consoles`);
  const opened = await alertNow(r, event.alertId);
  if (!opened.flags.includes('test')) throw new Failing('警情没有“安装调试”标记：真人的电话会响', 'the alert is not marked as a test: real phones would ring');
  await claim(r, event.alertId);
  const heard = hears ? await told(r, event.alertId, began) : [];
  const after = await alertNow(r, event.alertId);
  const rung = after.messages.filter((m) => m.state !== 'withdrawn').length;
  if (rung > 0) throw new Failing(`演练叫到了 ${rung} 个人`, `the rehearsal rang ${rung} people`);
  return { facts: [...(own === null ? [] : [own]), `event ${event.id}`, `alert ${event.alertId}`, `received ${iso(event.receivedAt)}`, `console +${Math.max(0, Math.round(live - event.receivedAt))} ms`, ...heard, '没有打扰任何人 · nobody was rung'], ms: Math.max(0, live - event.receivedAt) };
}

/** 接警, by us where our role may; else somebody at the console does it: a human proof. */
async function claim(r: Rehearsal, id: string): Promise<void> {
  try {
    await r.api.call('POST', `/api/v1/alerts/${id}/claim`, {});
  } catch (error) {
    if (!(error instanceof ApiProblem) || (error.status !== 403 && error.status !== 409)) throw error;
  }
  const taken = await r.until(waitMs.alarm, async () => { const a = await alertNow(r, id); return a.state === 'open' || a.state === 'confirming' ? null : a; });
  if (!taken) throw new Failing(`警情 ${id} 没有人接警`, `nobody claimed alert ${id}`);
}

/** The words to the elder reached the device. */
async function told(r: Rehearsal, id: string, began: number): Promise<string[]> {
  const done = await r.until(waitMs.alarm, async () => {
    const mine = (await alertNow(r, id)).commands.filter((c) => c.deviceId === r.device.id);
    return mine.some((c) => c.acknowledgedAt !== null) ? mine : null;
  });
  if (!done) throw new Failing('设备没有收到“已收到您的求助”', 'the device did not get the words to the elder');
  const first = done.find((c) => c.acknowledgedAt !== null);
  const own = r.hands.heard(began);
  if (own !== null && own.length === 0) throw new Failing('设备没有播报', 'the device said nothing');
  return [`command c${first?.id} ${first?.state} +${(first?.acknowledgedAt ?? 0) - (first?.createdAt ?? 0)} ms`, ...(own ?? [])];
}

async function cancel(r: Rehearsal): Promise<Evidence> {
  const id = r.alertId;
  if (id === null) throw new Failing('没有警情可取消：前一步没有通过', 'nothing to cancel: the step before has failed');
  const began = r.now();
  const own = await r.hands.provoke('cancel', r.profile);
  const noted = await r.until(waitMs.cancel, async () => (await alertNow(r, id)).timeline.find((l) => l.at >= began - 1_000 && (l.action === 'cancel-pressed' || l.action === 'cleared-at-device' || l.action === 'closed')) ?? null);
  if (!noted) throw new Failing('设备上的取消没有到达', 'the cancel at the device did not arrive');
  return { facts: [...(own === null ? [] : [own]), `alert ${id}: ${noted.action} ${iso(noted.at)}`], ms: Math.max(0, noted.at - began) };
}

async function offline(r: Rehearsal): Promise<Evidence> {
  const before = (await readDeviceNow(r)).lastSeenAt ?? r.now();
  await r.hands.provoke('offline', r.profile);
  const gone = await r.until(waitMs.offline, async () => { const d = await readDeviceNow(r); return d.state === 'offline' ? d : null; });
  if (!gone) throw new Failing('断电之后没有判为离线', 'not declared offline after it was unplugged');
  await r.sync();
  return { facts: [`state ${gone.state}`, `lastSeenAt ${iso(gone.lastSeenAt ?? before)}`], ms: Math.max(0, r.now() - before) };
}

async function reconnect(r: Rehearsal): Promise<Evidence> {
  const began = r.now();
  const own = await r.hands.provoke('reconnect', r.profile);
  const call = r.profile.hears ? await testCall(r) : null;
  if (r.profile.hears && call === null) throw new Failing('断开之后没有重新连上：下行测试命令没有回执', 'it did not come back: the test command was never acknowledged');
  const back = await r.until(waitMs.reconnect, async () => { const d = await readDeviceNow(r); return d.state === 'online' && (d.lastSeenAt ?? 0) >= began ? d : null; });
  if (!back) throw new Failing('断开之后没有重新连上', 'it did not come back');
  return { facts: [...(own === null ? [] : [own]), ...(call === null ? [] : [`command c${call.id} ${call.state}`]), `state ${back.state}`, `lastSeenAt ${iso(back.lastSeenAt ?? began)}`], ms: Math.max(0, (back.lastSeenAt ?? began) - began) };
}

async function contactSms(r: Rehearsal): Promise<Evidence> {
  const contact = await firstContact(r);
  if (!contact) throw new Failing('没有登记紧急联系人', 'no contact is on file');
  const { id } = await r.api.call<{ id: string }>('POST', `/api/v1/contacts/${encodeURIComponent(contact.id)}/ring`, {});
  const sent = await r.until(waitMs['contact-sms'], async () => {
    const n = await r.api.call<Notification>('GET', `/api/v1/notifications/${id}`);
    return n.state === 'delivered' || n.state === 'answered' || n.state === 'failed' ? n : null;
  });
  const facts = [`notification ${id}`, `${contact.relation} ${contact.name} ${contact.phone}`];
  if (!sent) throw new Failing(`试铃短信没有送达回执（${facts[1]}）`, `no receipt for the ring test (${facts[1]})`);
  if (sent.state === 'failed') throw new Failing(`试铃短信失败：${sent.errorCode ?? ''}（${facts[1]}）`, `the ring test failed: ${sent.errorCode ?? ''} (${facts[1]})`);
  return { facts: [...facts, `${sent.channel} ${sent.state}`], ms: (sent.doneAt ?? sent.createdAt) - sent.createdAt };
}
type Notification = { state: string; channel: string; errorCode: string | null; createdAt: number; doneAt: number | null };

async function firstContact(r: Rehearsal): Promise<{ id: string; relation: string; name: string; phone: string } | null> {
  let personId = r.device.personId;
  if (personId === null && r.device.homeId !== null) personId = (await r.api.call<{ people: { id: string }[] }>('GET', `/api/v1/people?homeId=${encodeURIComponent(r.device.homeId)}&limit=1`)).people[0]?.id ?? null;
  if (personId === null) return null;
  return (await r.api.call<{ contacts: { id: string; relation: string; name: string; phone: string }[] }>('GET', `/api/v1/people/${encodeURIComponent(personId)}/contacts`)).contacts[0] ?? null;
}

/** An emergency that is already open in this home: nobody rehearses into it. */
export async function openEmergency(api: HouseApi, device: Device): Promise<string | null> {
  const open = await readAlerts(api, { state: 'open', ...(device.regionCode === null ? {} : { region: device.regionCode }) });
  return open.find((a) => a.priority <= 2 && (a.deviceId === device.id || (device.homeId !== null && a.homeId === device.homeId) || (device.personId !== null && a.personId === device.personId)))?.id ?? null;
}

const iso = (at: number): string => new Date(at).toISOString();
