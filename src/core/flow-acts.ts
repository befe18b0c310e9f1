/** What a flow does, in one shape for what it did and for what a trial of it would have done (pure): of a call of its API or a request outside; and how the two differ. */
import { commandArgs } from './command-args.ts';
import { flowsApi } from './flows.ts';
import { limits } from './limits.ts';

export const flowActKinds = ['raise', 'note', 'notify', 'command', 'request'] as const;
export type FlowAct = { what: (typeof flowActKinds)[number]; /** whom or what: `home:h1 P2`, `alert:7`, `POST host/path` */ target: string; /** the words */ said: string };
export type FlowActAt = FlowAct & { at: number };

type Body = Readonly<Record<string, unknown>>;
const text = (value: unknown): string => (typeof value === 'string' ? value : value === undefined || value === null ? '' : JSON.stringify(value)).slice(0, 500);

/** The act that this call of the flows' API is; null: it only asks. `path` as a node gives it. */
export function actOf(path: string, body: Body): FlowAct | null {
  const [what, id, then] = path.replace(flowsApi, '').split('/');
  if (what === 'events' && id === undefined) {
    const [kind, who] = (['personId', 'homeId', 'deviceId'] as const).flatMap((k) => (body[k] === undefined ? [] : [[k.slice(0, -2), text(body[k])]]))[0] ?? ['', ''];
    return { what: 'raise', target: `${kind}:${who} P${Number(body['priority'] ?? 2)}`, said: text(body['note']) };
  }
  if (what === 'alerts' && then === 'notes') return { what: 'note', target: `alert:${id}`, said: text(body['note']) };
  if (what === 'notify') return { what: 'notify', target: `region:${text(body['region'])} ${Array.isArray(body['roles']) ? body['roles'].join(',') : ''}`, said: String(Number(body['count'] ?? 1)) };
  if (what === 'devices' && then === 'commands') return { what: 'command', target: `device:${decodeURIComponent(id ?? '')} ${text(body['name'])}`, said: text((body['args'] as Body | undefined)?.['text'] ?? (body['args'] as Body | undefined)?.['mode']) };
  return null;
}

/** A request outside: host and path, never what stands after them (keys of webhooks do). */
export function requestAct(method: string, address: string, body: string | null): FlowAct {
  const url = URL.parse(address);
  return { what: 'request', target: `${method} ${url ? url.host + url.pathname : 'not an address'}`.slice(0, 200), said: text(body) };
}

/** Why the API would refuse this act, as far as its words tell; null: it would not. Whether whom it names is there is for a look-up. */
export function refusedAct(act: FlowAct, body: Body): string | null {
  const note = typeof body['note'] === 'string' ? body['note'] : '';
  if (act.what === 'raise') {
    if ((['personId', 'homeId', 'deviceId'] as const).filter((k) => body[k] !== undefined).length !== 1) return 'personId: exactly one of personId, homeId, deviceId';
    if (![2, 3, 4].includes(Number(body['priority'] ?? 2))) return 'priority: 2, 3 or 4';
  }
  const max = act.what === 'raise' ? 200 : 500;
  if ((act.what === 'raise' || act.what === 'note') && (note.length < 1 || note.length > max)) return `note: a text of 1 to ${max} characters`;
  if (act.what === 'notify' && (!/^\d{12}$/.test(text(body['region'])) || !Array.isArray(body['roles']) || body['roles'].length === 0)) return 'region, roles: a region of twelve digits and at least one role';
  if (act.what === 'command') {
    if (!['led', 'voice', 'test-call'].includes(text(body['name']))) return 'name: led, voice or test-call';
    const problem = commandArgs(text(body['name']), (body['args'] as Record<string, unknown> | undefined) ?? {});
    if (problem) return `${problem.field}: ${problem.expected}`;
  }
  return null;
}

const windows: Readonly<Partial<Record<FlowAct['what'], { max: number; ms: number }>>> = {
  raise: { max: limits.flowsRaises, ms: limits.flowsRaisesMs }, note: { max: limits.flowsRaises, ms: limits.flowsRaisesMs },
  notify: { max: limits.flowsTexts, ms: limits.flowsTextsMs }, command: { max: limits.flowsCommands, ms: limits.flowsCommandsMs },
};
/** The windows of the API, by the time of the trial: the milliseconds to wait, null: taken. */
export function createWindows(): (what: FlowAct['what'], at: number) => number | null {
  const open = new Map<string, { at: number; used: number }>();
  return (what, at) => {
    const bound = windows[what];
    if (!bound) return null;
    const now = open.get(what);
    const one = now && at - now.at < bound.ms ? now : { at, used: 0 };
    one.used++;
    open.set(what, one);
    return one.used > bound.max ? one.at + bound.ms - at : null;
  };
}

export type Difference = { /** would be new */ added: FlowActAt[]; /** was done, would not be */ gone: FlowActAt[]; /** the same at about the same time, in other words */ changed: { was: FlowActAt; is: FlowActAt }[]; same: number };
/** The trial against what was done: an act is the same when what and whom are, at about the same time; the nearest of several. */
export function compareActs(tried: readonly FlowActAt[], done: readonly FlowActAt[]): Difference {
  const left = new Set(done);
  const out: Difference = { added: [], gone: [], changed: [], same: 0 };
  for (const is of tried) {
    let was: FlowActAt | null = null;
    for (const one of left) if (one.what === is.what && one.target === is.target && Math.abs(one.at - is.at) <= limits.flowsTrialNearMs && (was === null || Math.abs(one.at - is.at) < Math.abs(was.at - is.at))) was = one;
    if (was === null) { out.added.push(is); continue; }
    left.delete(was);
    if (was.said === is.said) out.same++; else out.changed.push({ was, is });
  }
  out.gone = [...left];
  return out;
}

export const trialEnds = ['whole', 'time', 'memory', 'messages', 'stuck', 'ended'] as const;
/** What a trial found. `upTo`: how far of the span it came. `less`: there was more in the span than is driven. */
export type Trial = {
  end: (typeof trialEnds)[number]; detail: string; upTo: number; items: number; less: boolean; messages: number; ms: number; /** said by its nodes: warnings, errors */ lines: string[];
  tried: number; refused: (FlowActAt & { why: string })[]; difference: Difference; /** lists were cut */ cut: boolean;
};
