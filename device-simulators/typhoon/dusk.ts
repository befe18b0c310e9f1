/** From dusk to half past midnight: the evacuation by one list, the power cut, the masts, and a duty officer whose mobile the provider refuses. */
import { randomOf } from '#core/demo-random.ts';
import { readDevice } from '#simulators/api/house.ts';
import type { Member } from '#simulators/fleet/fleet.ts';
import { some, type Verdict, verdict } from '#simulators/scenarios/scenario.ts';
import { counts, officer, towns } from './county.ts';
import { clock, incidents, listsOf, messagesSince, type Night, unheard, until } from './night.ts';

const villageRoles = new Set(['care-worker', 'doctor', 'grid-worker', 'village-cadre']);
const deviceOf = (night: Night, home: { devices: readonly { id: string; model: string }[] }, model: string): Member[] => home.devices.filter((d) => d.model === model).map((d) => night.member(d.id));
export const radars = (night: Night): Member[] => night.county.radarHomes.flatMap((h) => deviceOf(night, h, 'fall-radar'));
const watches = (night: Night): Member[] => night.county.radarHomes.flatMap((h) => deviceOf(night, h, 'watch'));
export const small = (night: Night): Member[] => night.county.smallHomes.flatMap((h) => h.devices.map((d) => night.member(d.id)));
/** No word any more, and no will either: a router that dies says nothing, and the house finds out by itself. */
const silence = (members: readonly Member[]): void => { for (const m of members) { m.silent = true; m.device.close(); } };
/** Persons of the evacuated homes: radars, every seventh. */
export const evacuated = (night: Night): string[] => night.county.radarHomes.filter((_, n) => n % 7 === 0).slice(0, counts.evacuated).map((h) => h.personId);

/** 19:00: response level II; 86 elders of both towns are set 已转移 by one list. */
export async function evacuate(night: Night): Promise<void> {
  await until(night, '19:05:00', 20_000, true);
  night.say(`${clock(night.world.now())} 应急响应 II 级：按名单转移 ${counts.evacuated} 人 · response level II: ${counts.evacuated} elders evacuated by one list`);
  const people = evacuated(night);
  const answer = await night.seat.api.call<{ people: number; missing: string[] }>('POST', '/api/v1/modes', { mode: 'evacuated', until: night.startAt + 23 * 3_600_000, people });
  const { modes } = await night.api.call<{ modes: { id: string; mode: string }[] }>('GET', '/api/v1/modes');
  const held = modes.filter((m) => m.mode === 'evacuated' && people.includes(m.id)).length;
  night.verdicts.push(verdict(answer.people === counts.evacuated && answer.missing.length === 0 && held === counts.evacuated, '一次操作按名单转移 86 人', 'One action evacuates 86 by list', `${answer.people} set in one request, ${held} hold`));
  await night.world.linger(4_000);
}

/** 21:40: the power goes; within three minutes 612 radars are silent, none of them says so: their routers died first. */
export async function powerCut(night: Night): Promise<void> {
  await until(night, '21:39:30', 45_000);
  const before = await unheard(night, Object.values(towns));
  await until(night, '21:40:00', 10_000, true);
  night.say(`${clock(night.world.now())} 停电：三分钟内 612 台雷达无声 · the power goes: within three minutes 612 radars are silent`);
  const random = randomOf(night.seed ^ 0x2140);
  const dies = new Map(radars(night).map((m) => [m, night.at('21:40:00') + random.below(180_000)]));
  for (const time of ['21:40:30', '21:41:00', '21:41:30', '21:42:00', '21:42:30', '21:43:00', '21:43:10']) {
    await until(night, time, 10_000, true);
    silence([...dies].filter(([m, at]) => !m.silent && at <= night.world.now()).map(([m]) => m));
  }
  await night.world.until(async () => new Set((await incidents(night)).filter((a) => a.state !== 'closed').map((a) => a.subject.id)).size >= 2, 8 * 60_000);
  await night.world.linger(5_000);
  await until(night, '21:50:00', 10_000, true);
  night.verdicts.push(...await oneIncidentPerTown(night), ...await oneMessagePerRole(night));
  night.say(`${clock(night.world.now())} 现在听不到 ${await unheard(night, Object.values(towns)) - before} 人 · people who cannot be heard`);
}

async function oneIncidentPerTown(night: Night): Promise<Verdict[]> {
  const found = await incidents(night);
  const evidence: string[] = [];
  let [ok, members] = [found.length === 2, 0];
  for (const a of found) {
    const lists = await listsOf(night, a.id);
    members += lists.members.length;
    const suspected = Math.min(...lists.members.map((m) => m.silentAt ?? Number.POSITIVE_INFINITY));
    const took = Math.round((a.openedAt - suspected) / 1_000);
    ok &&= took <= 60;
    evidence.push(`${a.subject.id === towns.jiyang ? '济阳乡' : '屏山乡'} ${lists.members.length} devices, ${clock(a.openedAt)}, ${took} s after the first was suspected`);
  }
  ok &&= found.map((a) => a.subject.id).toSorted().join() === Object.values(towns).toSorted().join();
  return [
    verdict(ok, '每乡一个片区失联事件，60 秒之内', 'One incident per town, within 60 s of the first suspicion', evidence.join('; ') || 'none'),
    verdict(members === counts.radars, '612 台雷达都在其中', 'All 612 radars are in them', `${members}/${counts.radars}`),
  ];
}

async function oneMessagePerRole(night: Night): Promise<Verdict[]> {
  const sent = await messagesSince(night, night.at('21:40:00'));
  const per = Map.groupBy(sent.filter((m) => m.template === 'outage' || m.template === 'voice-outage'), (m) => `${m.alertId} ${m.role}`);
  const roles = [...per.values()].map((list) => list.length);
  const village = sent.filter((m) => villageRoles.has(m.role ?? ''));
  const told = [...per].map(([who, list]) => `${who.split(' ')[1]} ${list.length}`).join(', ');
  return [
    verdict(per.size === 4 && roles.every((n) => n === 1) && sent.length === 4, '每个角色只收到一条：乡镇值班、带班领导', 'One message per role and incident: duty officer, duty leader', `${sent.length} messages (${told})`),
    verdict(village.length === 0, '村里没有收到短信', 'No text to any village', village.length === 0 ? '0' : some(village.map((m) => `${m.role} ${m.template}`), sent.length)),
  ];
}

/** 23:10: the masts die. Who has only a button or a smoke detector is not due for a day: 推断失联. */
export async function mastsDie(night: Night): Promise<void> {
  await until(night, '23:09:30', 60_000);
  const homes = new Set(night.county.smallHomes.map((h) => h.id));
  const presumedNow = async (): Promise<Set<string>> => new Set((await Promise.all((await incidents(night)).map((a) => listsOf(night, a.id)))).flatMap((l) => l.presumed.flatMap((d) => (d.homeId !== null && homes.has(d.homeId) ? [d.homeId] : []))));
  const early = (await presumedNow()).size;
  const before = await unheard(night, Object.values(towns));
  await until(night, '23:10:00', 30_000, true);
  night.say(`${clock(night.world.now())} 基站中断 · the masts die`);
  silence([...watches(night), ...small(night)]);
  night.world.pace(30_000, true);
  await night.world.until(async () => (await presumedNow()).size >= counts.small, 25 * 60_000);
  await until(night, '23:40:00', 30_000);
  await until(night, '23:40:30', 10_000, true);
  const found = await presumedNow();
  const presumed = found.size;
  const left = night.county.smallHomes.filter((h) => !found.has(h.id)).slice(0, 3).flatMap((h) => h.devices.map((d) => d.id));
  const why = await Promise.all(left.map(async (id) => { const d = await readDevice(night.api, id); return `${id} is ${d.state}, last heard ${d.lastSeenAt === null ? 'never' : clock(d.lastSeenAt)}`; }));
  const missing = await unheard(night, Object.values(towns));
  night.say(`${clock(night.world.now())} 推断失联 ${presumed} 户，现在听不到 ${missing - night.baseline} 人 · presumed unreachable, cannot be heard`);
  night.verdicts.push(
    verdict(presumed === counts.small && early === 0, '188 户只有按钮或烟感，推断失联', '188 homes with only buttons or smoke detectors become presumed unreachable', `${[`${presumed} homes at ${clock(night.world.now())}; ${early} while the masts stood`, ...why].join('; ')}`),
    verdict(missing - night.baseline === counts.radars + counts.small - counts.evacuated, '听不到 714 人(800 户减去已转移 86)', 'The strip says 听不到 714 (800 homes of one person, less 86 evacuated)', `${missing - night.baseline}, ${before - night.baseline} before the masts died`),
  );
  await night.world.linger(5_000);
}

/** 00:30: the provider refuses the mobile of 济阳乡's duty officer; the role goes on by voice to its landline. */
export async function refusedMobile(night: Night): Promise<void> {
  await until(night, '00:30:00', 60_000);
  const sofar = await messagesSince(night, night.at('21:40:00'));
  night.verdicts.push(verdict(sofar.length === 4, '到 00:30 没有第五条消息', 'Not one message more until 00:30', `${sofar.length} messages since 21:40${sofar.length > 4 ? `: ${some(sofar.slice(4).map((m) => `${clock(m.createdAt)} ${m.channel} ${m.template} ${m.role}`), sofar.length)}` : ''}`));
  night.say(`${clock(night.world.now())} 网关拒发济阳乡值班员手机(isv.BUSINESS_LIMIT_CONTROL) · the provider refuses the officer's mobile`);
  await night.phones?.fault({ kind: 'code', code: 'isv.BUSINESS_LIMIT_CONTROL', phone: officer.phone });
  const outage = (await incidents(night)).find((a) => a.subject.id === towns.jiyang);
  const since = night.world.now();
  night.seat.press();
  if (outage) await night.seat.api.call('POST', `/api/v1/alerts/${outage.id}/dispatch`, { party: `responder:${officer.id}` });
  night.world.pace(1_000, true);
  const landline = await night.world.until(async () => (await messagesSince(night, since)).find((m) => m.role === 'town-duty' && m.party !== `responder:${officer.id}` && m.state !== 'due' && m.state !== 'sending') ?? null, 60_000);
  const refused = (await messagesSince(night, since)).filter((m) => m.party === `responder:${officer.id}`);
  night.verdicts.push(verdict(
    landline !== null && landline.channel === 'voice' && landline.template === 'voice-outage' && landline.createdAt - since < 15_000 && refused.some((m) => m.errorCode === 'isv.BUSINESS_LIMIT_CONTROL'),
    '手机被限流，该岗位改打座机', 'The role goes on by voice to the landline', landline === null ? 'nobody was called' : `refused ${refused.map((m) => `${m.channel} ${m.errorCode ?? m.state}`).join(', ')}; ${landline.party} by ${landline.channel} ${clock(landline.createdAt)}, ${landline.state}`,
  ));
  await until(night, '00:41:00', 60_000);
  night.seat.press();
  night.world.pace(1_000, true);
  await night.world.wait(4_000);
  night.say(`${clock(night.world.now())} 值班台最后一次按键 · the last key at the desk`);
}
