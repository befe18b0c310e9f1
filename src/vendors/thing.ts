/**
 * What the properties of a vendor's thing model mean, by their names: every cloud carries the same few readings under a hundred
 * spellings (DEVICES 5.1 to 5.7). What is not known is kept beside the readings; a name that sounds like an emergency and is not
 * understood is never swallowed as a reading: it makes the message unreadable, which alerts (law 5).
 */
import type { DeviceKind } from '#core/event.ts';
import { isObject, type Json } from './anling/fields.ts';
import { canonical, type Message, type State } from './push.ts';
import type { Decoded } from './vendor.ts';

const plainName = (name: string): string => name.toLowerCase().replace(/[^a-z0-9]/g, '');
const table = <T>(rows: Readonly<Record<string, T>>): ReadonlyMap<string, T> => new Map(Object.entries(rows).flatMap(([names, value]) => names.split(' ').map((name) => [name, value] as const)));

/** Readings by their plain names. Voltages are no percentages and stay beside. */
const heartbeat = table<string>({
  'battery batterylevel batteryvalue batterypercent batterypercentage batterycapacity electricity remainingbattery batterypower batt': 'battery', 'rssi signal signalstrength rsrp': 'rssi',
  'cellid cell lac': 'cell', 'temperature temp tdata envtemperature': 'temp', 'fw firmware firmwareversion fwversion version softwareversion': 'fw',
});
const vitals = table<string>({
  'heartrate hr heartrates pulse bpm heart': 'heartRate', 'breath breathrate respiration respirationrate respiratoryrate breathing rr br': 'breath', 'spo2 bloodoxygen oxygen oxygensaturation bloodoxygensaturation': 'spo2',
  'sbp systolic systolicpressure highpressure bloodpressurehigh': 'sbp', 'dbp diastolic diastolicpressure lowpressure bloodpressurelow': 'dbp', 'bodytemp bodytemperature skintemperature': 'bodyTemp',
});
const states = table<DeviceKind>({
  'sos emergency emergencycall onekeyalarm onekeysos help panic pullcord sosbutton sosstatus soskey callhelp': 'sos', 'falldown falldetected falling isfall fallen': 'fall', 'motionless nomotion immobile longstay dwell stationary': 'motionless',
  'bedexit outofbed offbed leavebed leftbed': 'bed-exit', 'lowbattery batterylow batteryalarm lowpower batterystate lowvoltage batterylowalarm': 'low-battery', 'powercut powerlost poweroff mainslost powerfailure poweroutage': 'mains-lost',
  'tamper tamperalarm antitamper antidismantle dismantle demolition tampering': 'tamper', 'removed takeoff offwrist notworn removing': 'removed', 'fault malfunction sensorfault devicefault hardwarefault failure': 'fault',
  'wander outfence fenceout geofenceexit outofrange': 'wander', 'heartratehigh hrhigh': 'vital-high', 'heartratelow hrlow bradycardia': 'vital-low', 'tachypnea tachycardia': 'vital-high',
});
/** Words that only ever name an emergency, with what usually stands around them. */
const emergency = /^(?:alarm)?(sos|fall(?:down)?|smoke|gas)(?:sensor|detector|detection|detect|button|key)?(?:alarm|state|status|event|flag|warn|warning|alert|report|press|pressed)?$/;
const plainAlarm = /^(?:alarm|alarmstatus|alarmstate|alarmflag|warning|alert|isalarm|alarmed)$/;
/** A number beside an emergency's word that is a measurement or a setting. */
const measured = /(?:value|level|valve|concentration|density|threshold|count|counts|times?|enable|enabled|switch|sensitivity|version|voltage|adc|temp|temperature|percent|duration|delay|number|type|id)$/;
const sounds = /sos|fall|smoke|gas/;
const offWords = new Set(['', '0', 'false', 'no', 'off', 'normal', 'none', 'ok', 'clear', 'cleared', 'undefined', 'null']);
/** Ends of an event's name that say it is over. */
const over = /(?:clear|cleared|recover|recovery|recovered|resolve|resolved|restore|restored|cancel|cancelled|canceled|end|normal|release)$/;

/** The kind that a state's plain name stands for. */
const stateKind = (name: string): DeviceKind | undefined => {
  const word = emergency.exec(name)?.[1];
  return word === undefined ? states.get(name) : word.startsWith('fall') ? 'fall' : (word as DeviceKind);
};

/** The kind, and edge, that an event's name stands for; a word of an emergency anywhere in it counts. */
export function eventKind(given: string): { kind: DeviceKind; edge: 'raise' | 'clear' } | undefined {
  const name = plainName(given);
  const ended = over.test(name);
  const bare = ended ? name.replace(over, '') : name;
  const kind = stateKind(bare) ?? stateKind(bare.replace(/(?:alarm|event|warning|alert|report)$/, '')) ?? (sounds.exec(bare)?.[0] as DeviceKind | undefined);
  return kind && { kind, edge: ended ? 'clear' : 'raise' };
}

const off = (value: unknown): boolean => value === false || value === null || value === undefined || (typeof value === 'number' ? value === 0 : typeof value === 'string' && offWords.has(value.trim().toLowerCase()));
/** A value, out of the wrappers that thing models put around it. */
const bare = (value: unknown): unknown => (isObject(value) && Object.hasOwn(value, 'value') ? value['value'] : value);

export type ThingOptions = { /** names the occurrence */ id: string; at: unknown; alarm: DeviceKind | undefined; now: number; crs?: string };
export type Thing = Pick<Message, 'decoded' | 'states' | 'unreadable' | 'alarm'>;

/** Reads the properties of one report. */
export function readThing(properties: Json, { id, at, alarm, now, crs = 'wgs84' }: ThingOptions): Thing {
  const beat: Json = {};
  const vital: Json = {};
  const extra = Object.create(null) as Json; // a property may be called __proto__
  const place: Json = {};
  const found: { kind: DeviceKind; on: boolean; name: string; value: unknown }[] = [];
  let unreadable: string | undefined;
  for (const [given, wrapped] of Object.entries(properties)) {
    const name = plainName(given);
    const value = bare(wrapped);
    const beatName = given === '3_0_20' ? 'battery' : heartbeat.get(name);
    const vitalName = vitals.get(name);
    const kind = stateKind(name);
    if (beatName !== undefined && !Object.hasOwn(beat, beatName)) beat[beatName] = name === 'rsrp' && Number(value) > 0 ? -Number(value) : value;
    else if (vitalName !== undefined) vital[vitalName] = value;
    else if (name === 'lat' || name === 'latitude') place['lat'] = value;
    else if (name === 'lon' || name === 'lng' || name === 'longitude') place['lon'] = value;
    else if (kind !== undefined) found.push({ kind, on: !off(value), name: given, value });
    else if (plainAlarm.test(name)) {
      if (alarm) found.push({ kind: alarm, on: !off(value), name: given, value });
      else if (!off(value)) unreadable = 'alarm of a product whose kind is not set';
    } else {
      if (sounds.test(name) && !measured.test(name) && !off(value)) unreadable = 'a name that sounds like an emergency';
      extra[given] = wrapped;
    }
  }
  const kept = Object.keys(extra).length > 0 ? extra : undefined;
  const where = Object.keys(place).length === 2 ? { location: { ...place, crs } } : {};
  const told = new Set<DeviceKind>();
  const made: State[] = found.sort((a, b) => Number(b.on) - Number(a.on)).flatMap(({ kind, on, name, value }) => {
    if (told.has(kind)) return [];
    told.add(kind);
    return [{ on, event: canonical('event', { kind, edge: on ? 'raise' : 'clear', id: `${id}:${kind}`, time: at, ...where, data: { ...kept, [name]: value } }, now).event }];
  });
  const decoded: Decoded[] = [
    ...(Object.keys(vital).length > 0 ? [canonical('vitals', { ...vital, time: at }, now)] : []),
    ...(Object.keys(beat).length > 0 || (Object.keys(vital).length === 0 && made.length === 0) ? [canonical('heartbeat', { ...kept, ...beat, ...where, time: at }, now)] : []),
  ];
  return { decoded, states: made, ...(unreadable !== undefined && { unreadable, alarm: true }) };
}

/** Reads one event that the vendor names; its parameters are kept with it. */
export function readEvent(name: string, params: Json, options: ThingOptions & { /** the vendor says that it is only information */ calm?: boolean }): Thing {
  const { id, at, alarm, now, crs = 'wgs84' } = options;
  const named = eventKind(name) ?? (plainAlarm.test(plainName(name)) && alarm ? { kind: alarm, edge: 'raise' as const } : undefined);
  const thing = readThing(params, options);
  if (named === undefined) {
    if (thing.states.length > 0 || options.calm || thing.unreadable !== undefined) return thing;
    return { ...thing, unreadable: 'an event of an unknown name', alarm: true };
  }
  const [lat, lon] = ['lat', 'lon'].map((axis) => bare(params[axis] ?? params[axis === 'lat' ? 'latitude' : 'longitude']));
  const event = canonical('event', { kind: named.kind, edge: named.edge, id, time: at, data: params, ...(lat !== undefined && { location: { lat, lon, crs } }) }, now);
  // What the event says twice (its name, and a state among its parameters) is one alarm.
  const readings = thing.decoded.filter((d) => d.channel !== 'heartbeat' || Object.keys(d.reading).some((field) => field !== 'deviceTime'));
  return { decoded: [event, ...readings], states: thing.states.filter((s) => s.event.kind !== named.kind) };
}
