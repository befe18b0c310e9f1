/**
 * The installation of one device in one home (安装验收, FEATURES 2.3): each step is judged from rows of the store that came after the
 * house took its beginning, never from the word of who installs; what is missing for the certificate is named. Pure.
 */
import { type Plan, type StepName, stepWords, type Words } from './acceptance.ts';
import { limits } from './limits.ts';

/** 安装中, 现场合格(试用期), 未成, 拒装, 已验收, 须复装. */
export const installationStates = ['begun', 'on-site', 'failed', 'refused', 'accepted', 'to-redo'] as const;
export type InstallationState = (typeof installationStates)[number];
export const consentWhos = ['elder', 'family', 'guardian'] as const;
export const consentHows = ['paper', 'spoken', 'signature'] as const;
export const failReasons = ['no-signal', 'no-alarm', 'device-broken', 'no-power', 'nobody-home', 'other'] as const;
export const refusalReasons = ['unwilling', 'has-own', 'moved-out', 'family-refuses', 'other'] as const;

/** What an installation can want or have failed by, in words. */
export const reasonWords: Readonly<Record<string, Words>> = {
  consent: { zh: '缺老人（或家属、监护人）的同意', en: 'the consent of the elder, the family or the guardian is missing' }, place: { zh: '缺短信用地点', en: 'the place in SMS words is missing' }, position: { zh: '缺定位', en: 'the position is missing' },
  photo: { zh: '缺安装照片', en: 'the photo is missing' }, signature: { zh: '缺签名', en: 'the signature is missing' },
  'device-gone': { zh: '设备不是“已安装”状态', en: 'the device is not installed' }, 'home-changed': { zh: '设备已不在这一户', en: 'the device hangs in another home now' },
  secret: { zh: '设备密钥在安装期间重发过：证据可能不是设备自己的，须重新开始', en: 'its secret was given out anew meanwhile: the evidence may not be the device’s own; begin again' },
  answer: { zh: '有一条测试警情还没有答复：是不是您按的', en: 'a test alarm has not been answered: was it you?' },
  late: { zh: '现场测试过去太久，须重做', en: 'the tests were too long ago: do them again' },
  'no-signal': { zh: '没有信号', en: 'no signal' }, 'no-alarm': { zh: '报警不通', en: 'its alarm does not come through' }, 'device-broken': { zh: '设备坏了', en: 'the device is broken' }, 'no-power': { zh: '没有电', en: 'no power' }, 'nobody-home': { zh: '家里没人', en: 'nobody was at home' }, other: { zh: '其他', en: 'other' },
  unwilling: { zh: '老人不愿意', en: 'the elder does not want it' }, 'has-own': { zh: '已有别家设备', en: 'there is another device already' }, 'moved-out': { zh: '不住这里了', en: 'no longer lives here' }, 'family-refuses': { zh: '家属不同意', en: 'the family does not want it' },
  'never-heard': { zh: '试用期内没有上报过', en: 'never heard during the probation' }, 'silent-day': { zh: '有整天没有上报', en: 'silent for whole days' }, 'beats-lost': { zh: '心跳丢失超过一成', en: 'more than a tenth of its heartbeats were lost' },
  'low-battery': { zh: '电量低', en: 'low battery' }, fault: { zh: '报过故障或被拆', en: 'it reported a fault or was tampered with' }, replaced: { zh: '设备已更换', en: 'the device was replaced' }, withdrawn: { zh: '验收被撤回', en: 'the acceptance was withdrawn' },
};

export type SeenEvent = {
  id: string; kind: string; edge: string; at: number; alertId: string | null; /** of its alert */ flags: readonly string[];
  /** When the feed told the walls, the number of that row, and how many consoles have shown so far. */ feedAt: number | null; feedSeq: string | null; consoles: number;
};
export type Seen = {
  device: { status: string; homeId: string | null; personId: string | null; power: 'mains' | 'battery'; state: string; silentAt: number | null; lastSeenAt: number | null; fw: string | null; /** its secret was given out anew */ secretAt: number | null; secretBy: string | null } | null;
  beats: readonly { at: number; battery: number | null; rssi: number | null; mains: boolean | null }[];
  events: readonly SeenEvent[];
  commands: readonly { id: string; name: string; createdAt: number; acknowledgedAt: number | null; state: string }[];
  texts: readonly { id: string; channel: string; state: string; createdAt: number; doneAt: number | null; errorCode: string | null }[];
  /** Equal devices of the same home that raised meanwhile: the rooms may be swapped. */ others: readonly { deviceId: string; room: string | null; kind: string; at: number }[];
};
export type Visit = { begunAt: number; homeId: string | null; personId: string | null; voice: { heard: boolean; by: string; saidBy: string; at: number } | null };
export type Proof = { at: number; ms: number | null; facts: Record<string, string | number | null> };
export type Verdict = { ok: true; proof: Proof } | { ok: false; why: Words };

const no = (zh: string, en: string): Verdict => ({ ok: false, why: { zh, en } });
const yes = (at: number, ms: number | null, facts: Proof['facts']): Verdict => ({ ok: true, proof: { at, ms, facts } });
type Look = { visit: Visit; seen: Seen; plan: Plan; passed: ReadonlyMap<StepName, Proof> };

const judges: Readonly<Record<StepName, (look: Look) => Verdict>> = { registered, connected, heartbeat, alarm, cancel, voice, offline, reconnect, 'contact-sms': contactSms };

/** Whether the rows prove this step now. */
export const judge = (step: StepName, look: Look): Verdict => judges[step](look);

function registered({ visit, seen: { device } }: Look): Verdict {
  if (device === null || device.status !== 'installed') return no('设备不是“已安装”状态', 'the device is not installed');
  if (device.homeId === null || device.homeId !== visit.homeId || device.personId !== visit.personId) return no('设备没有绑定在这一户', 'the device is not bound to this home');
  return yes(visit.begunAt, null, { home: device.homeId, person: device.personId });
}

const answered = (seen: Seen, name: string, since: number) => seen.commands.find((c) => c.name === name && c.createdAt >= since && c.acknowledgedAt !== null);

function connected({ visit, seen, plan }: Look): Verdict {
  if (plan.profile.hears) {
    const call = answered(seen, 'test-call', visit.begunAt);
    if (!call?.acknowledgedAt) return no('还没有下行测试命令的回执', 'no receipt of a test command yet');
    return yes(call.acknowledgedAt, call.acknowledgedAt - call.createdAt, { command: `c${call.id}`, state: call.state });
  }
  const first = seen.beats[0];
  return first ? yes(first.at, null, { heartbeat: first.at }) : no('还没有收到设备的上报', 'nothing was heard of it yet');
}

function heartbeat({ seen }: Look): Verdict {
  const beat = seen.beats.at(-1);
  if (!beat) return no('还没有收到心跳', 'no heartbeat yet');
  if (beat.rssi !== null && beat.rssi < limits.installRssi) return no(`信号太弱：${beat.rssi} dBm，至少 ${limits.installRssi}`, `the signal is too weak: ${beat.rssi} dBm, at least ${limits.installRssi}`);
  if (seen.device?.power === 'battery' && beat.battery !== null && beat.battery < limits.installBattery) return no(`电量不足：${beat.battery}%，至少 ${limits.installBattery}%`, `the battery is too low: ${beat.battery} %, at least ${limits.installBattery}`);
  return yes(beat.at, null, { heartbeats: seen.beats.length, battery: beat.battery, rssi: beat.rssi, mains: beat.mains === null ? null : String(beat.mains), firmware: seen.device?.fw ?? null });
}

function alarm({ seen, plan: { profile: { alarm: kind } } }: Look): Verdict {
  const mine = seen.events.filter((e) => e.kind === kind && e.edge === 'raise');
  const good = mine.find((e) => e.alertId !== null && e.flags.includes('test') && e.feedAt !== null && e.consoles > 0 && e.feedAt - e.at <= limits.installAlarmMs);
  if (good?.feedAt) return yes(good.at, good.feedAt - good.at, { event: good.id, alert: good.alertId, feed: good.feedSeq, consoles: good.consoles, tries: mine.length });
  const last = mine.at(-1);
  if (!last) {
    const other = seen.others[0];
    if (other) return no(`报警的是另一台：${other.deviceId}（${other.room ?? '房间未填'}），两台可能装反了`, `another one answered: ${other.deviceId} (${other.room ?? 'no room on file'}): the two may be swapped`);
    return no('还没有收到报警', 'no alarm yet');
  }
  if (last.alertId === null) return no('收到了报警，还没有生成警情', 'the alarm has come and has raised nothing yet');
  if (!last.flags.includes('test')) return no('报警时不在安装调试：按真警情处理，不能算测试。先打开调试再按', 'it was not under test: it counts as a real alarm. Turn the test mode on and press again');
  if (last.feedAt === null || last.consoles === 0) return no('警情还没有到值班台：没有值班台显示它', 'the alert has not reached a console');
  return no(`到值班台用了 ${last.feedAt - last.at} 毫秒，最多 ${limits.installAlarmMs}。再按一次`, `it took ${last.feedAt - last.at} ms to the console, at most ${limits.installAlarmMs}. Press again`);
}

function cancel({ seen, plan: { profile: { alarm: kind, back } }, passed }: Look): Verdict {
  const raised = passed.get('alarm');
  if (!raised) return no('先测报警', 'the alarm first');
  const taken = seen.events.find((e) => e.at >= raised.at && (back === 'cancel' ? e.kind === 'cancel' : e.kind === kind && e.edge === 'clear'));
  return taken ? yes(taken.at, taken.at - raised.at, { event: taken.id }) : no('还没有收到设备上的取消', 'the cancel at the device has not come');
}

function voice({ visit, seen }: Look): Verdict {
  const spoken = answered(seen, 'voice', visit.begunAt);
  if (!spoken) return no('还没有让设备播报，或设备没有回执', 'it has not spoken yet, or has not confirmed it');
  if (visit.voice === null || visit.voice.at < spoken.createdAt) return no('请确认听清没有', 'say whether it was understood');
  if (!visit.voice.heard) return no('说没有听清', 'it was said not to be understood');
  return yes(visit.voice.at, null, { command: `c${spoken.id}`, heardBy: visit.voice.by, saidBy: visit.voice.saidBy });
}

function offline({ visit, seen: { device } }: Look): Verdict {
  if (device?.state !== 'offline' || device.lastSeenAt === null || device.lastSeenAt < visit.begunAt) return no('还没有判为离线', 'not declared offline yet');
  const at = device.silentAt ?? device.lastSeenAt;
  return yes(at, Math.max(0, at - device.lastSeenAt), { lastHeard: device.lastSeenAt });
}

function reconnect({ seen, plan, passed }: Look): Verdict {
  const before = plan.steps.includes('offline') ? passed.get('offline') : plan.steps.includes('cancel') ? passed.get('cancel') : passed.get('alarm');
  if (!before) return no('先做前面的步骤', 'the steps before it first');
  const beat = seen.beats.find((b) => b.at > before.at);
  if (!beat) return no('断开之后还没有心跳', 'no heartbeat since it was cut off');
  if (!plan.profile.hears) return yes(beat.at, beat.at - before.at, { heartbeat: beat.at });
  const call = answered(seen, 'test-call', before.at);
  if (!call?.acknowledgedAt) return no('断开之后还没有下行测试命令的回执', 'no receipt of a test command since it was cut off');
  return yes(Math.max(beat.at, call.acknowledgedAt), call.acknowledgedAt - call.createdAt, { heartbeat: beat.at, command: `c${call.id}`, state: call.state });
}

function contactSms({ seen: { texts } }: Look): Verdict {
  const good = texts.find((t) => t.state === 'delivered' || t.state === 'answered');
  if (good) return yes(good.doneAt ?? good.createdAt, (good.doneAt ?? good.createdAt) - good.createdAt, { message: good.id, channel: good.channel, state: good.state });
  const last = texts.at(-1);
  if (last?.state === 'failed') return no(`试铃失败：${last.errorCode ?? ''}`, `the ring test failed: ${last.errorCode ?? ''}`);
  return last ? no('试铃还没有送达回执', 'no receipt of the ring test yet') : no('还没有给第一联系人试铃', 'the first contact has not been rung');
}

export type Missing = Words & { what: string };
export const named = (what: string): Missing => ({ what, ...(reasonWords[what] ?? { zh: what, en: what }) });

/** What stands between an installation and its certificate; nothing: it may have one. */
export function missingOf(of: { plan: Plan; passed: ReadonlyMap<StepName, Proof>; why: ReadonlyMap<StepName, Words>; seen: Seen; visit: Visit; now: number; have: { consent: boolean; place: boolean; position: boolean; photo: boolean; signature: boolean } }): Missing[] {
  const { plan, passed, why, seen, visit, now, have } = of;
  const missing: Missing[] = [];
  if (seen.device?.status !== 'installed') missing.push(named('device-gone'));
  else if (seen.device.homeId !== visit.homeId || seen.device.personId !== visit.personId) missing.push(named('home-changed'));
  // Whoever has just been given it can speak in the device's name: what came since proves nothing of the device.
  if ((seen.device?.secretAt ?? 0) > visit.begunAt) missing.push(named('secret'));
  for (const step of plan.steps) {
    if (passed.has(step)) continue;
    const because = why.get(step);
    missing.push({ what: step, zh: `${stepWords[step].zh}：${because?.zh ?? '没有证据'}`, en: `${stepWords[step].en}: ${because?.en ?? 'no evidence'}` });
  }
  for (const thing of ['consent', 'place', 'position', 'photo', 'signature'] as const) if (!have[thing]) missing.push(named(thing));
  if (now > visit.begunAt + limits.installFinishMs) missing.push(named('late'));
  return missing;
}
