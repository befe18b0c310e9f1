/** 厂商接入: the doors of vendors' clouds: open one, see when it last heard something and what it refused, change what its frames mean. */
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { CoordinateSystem } from '#core/coordinates.ts';
import { deviceKinds } from '#core/event.ts';
import type { DoorKindHelp, DoorSettings, Mapping, PullState } from '#core/vendor-door.ts';
import { may } from '#core/user.ts';
import { patch, post, type Problem, remove } from '#wall/api/client.ts';
import { dayMinute } from '#wall/format/time.ts';
import { maybeText, t } from '#wall/i18n/text.ts';
import { problemText } from '#wall/shell/problem.ts';
import { go, keepUnsaved, route } from '#wall/state/route.ts';
import { can } from '#wall/state/session.ts';
import { say, sayProblem } from '#wall/state/toast.ts';
import { MappingEditor } from './door-mapping.tsx';
import { HistoryFields, Pulled } from './door-history.tsx';
import { AnyProblem, slug } from './door-words.tsx';
import { Page, useFetched, Waiting } from './page.tsx';
import { FieldProblem, Sure } from './paging.tsx';

type DoorRow = {
  name: string; kind: DoorKindHelp['kind']; title: string; settings: DoorSettings; enabled: boolean; secretsSet: readonly string[]; devices: number; path: string;
  lastAt: number | null; refusedAt: number | null; refusedWhy: string | null; version: number; pull: PullState | null;
};
type View = { doors: readonly DoorRow[]; kinds: readonly DoorKindHelp[]; publicUrl: string };

const kindText = (kind: string): string => maybeText(`doorKind.${kind}`) ?? kind;
/** Where a table begins: what fits no line alerts. */
const emptyMapping: Mapping = { device: 'device', events: [], readings: {}, else: 'unreadable' };

export function Doors() {
  const view = useFetched<View>('/api/v1/vendor-doors');
  const chosen = view.value?.doors.find((d) => d.name === route.value.id) ?? null;
  return (
    <Page title={t('doors.title')} help={t('doors.help')} onRefresh={view.again} test="doors">
      {view.value === null ? <Waiting problem={view.problem} /> : (
        <>
          {view.value.doors.length === 0 ? <p class="empty">{t('doors.empty')}</p> : (
            <div class="card scroll"><table class="table">
              <thead><tr><th>{t('doors.name')}</th><th>{t('doors.kind')}</th><th>{t('doors.devices')}</th><th>{t('doors.last')}</th><th>{t('doors.refused')}</th><th>{t('doors.history')}</th><th /></tr></thead>
              <tbody>{view.value.doors.map((door) => <Row key={door.name} door={door} publicUrl={view.value?.publicUrl ?? ''} />)}</tbody>
            </table></div>
          )}
          {chosen && <Editor key={`${chosen.name} ${chosen.version}`} door={chosen} help={view.value.kinds.find((k) => k.kind === chosen.kind)} again={view.again} />}
          {can(may.writeDoors) && <NewDoor kinds={view.value.kinds} again={view.again} />}
        </>
      )}
    </Page>
  );
}

function Row({ door, publicUrl }: { door: DoorRow; publicUrl: string }) {
  return (
    <tr data-door={door.name}>
      <td><b>{door.title || door.name}</b> <code>{door.kind === 'watch' ? `TCP ${door.settings.port}` : door.kind === 'alink' ? 'MQTT' : `${publicUrl}${door.path}`}</code>{!door.enabled && <> <i class="flag">{t('doors.off')}</i></>}</td>
      <td>{kindText(door.kind)}</td><td class="digits">{door.devices}</td><td class="digits">{door.lastAt === null ? t('doors.never') : dayMinute(door.lastAt)}</td>
      <td>{door.refusedWhy === null ? '–' : <span class="warn small" title={door.refusedWhy}>{door.refusedAt === null ? '' : dayMinute(door.refusedAt)} {maybeText(`doorWhy.${slug(door.refusedWhy)}`) ?? door.refusedWhy}</span>}</td>
      <td><Pulled on={door.settings.history != null} pull={door.pull} /></td>
      <td>{can(may.writeDoors) && <button type="button" class="small-button" data-test="edit-door" onClick={() => go('doors', door.name)}>{t('act.edit')}</button>}</td>
    </tr>
  );
}

/** A secret's field: what stands there stays while nothing is typed. */
function SecretFields({ help, set, values, have, problem }: { help: DoorKindHelp | undefined; values: Readonly<Record<string, string>>; set(name: string, value: string): void; have: readonly string[] | null; problem: Problem | null }) {
  return (
    <>{(help?.secrets ?? []).map((s) => (
      <label key={s.name}>{maybeText(`doorSecret.${s.name}`) ?? s.name}{s.optional || (have === null && s.name === 'key') ? ` (${s.name === 'key' ? t('doors.made') : t('doors.optional')})` : ''}
        <input type="password" autocomplete="off" maxLength={2000} data-secret={s.name} value={values[s.name] ?? ''} placeholder={have?.includes(s.name) ? t('doors.kept') : ''} onInput={(event) => set(s.name, event.currentTarget.value)} />
        <FieldProblem problem={problem} field={`secrets.${s.name}`} /></label>
    ))}</>
  );
}

const given = (values: Readonly<Record<string, string>>): Record<string, string> => Object.fromEntries(Object.entries(values).filter(([, value]) => value !== ''));

function NewDoor({ kinds, again }: { kinds: readonly DoorKindHelp[]; again(): void }) {
  const kind = useSignal<DoorKindHelp['kind']>('ctwing');
  const secrets = useSignal<Record<string, string>>({});
  const problem = useSignal<Problem | null>(null);
  const url = useSignal<string | null>(null);
  const submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    const port = Number(form.get('port') ?? 0);
    const settings = kind.value === 'mapping' ? { mapping: emptyMapping } : kind.value === 'watch' ? { port } : {};
    const answer = await post<{ name: string; url: string }>('/api/v1/vendor-doors', { name: String(form.get('name')).trim(), title: String(form.get('title')).trim(), kind: kind.value, secrets: given(secrets.value), settings }, false);
    problem.value = answer.ok ? null : answer.problem;
    if (!answer.ok) return;
    url.value = answer.value.url;
    secrets.value = {};
    again();
    if (kind.value === 'mapping') go('doors', answer.value.name);
  };
  const help = kinds.find((k) => k.kind === kind.value);
  return (
    <form class="card stack" data-test="new-door" onSubmit={(event) => void submit(event)}>
      <h2>{t('doors.new')}</h2>
      <div class="form-row">
        <label>{t('doors.kind')}<select value={kind.value} data-test="door-kind" onChange={(event) => { kind.value = event.currentTarget.value as DoorKindHelp['kind']; secrets.value = {}; }}>{kinds.map((k) => <option key={k.kind} value={k.kind}>{kindText(k.kind)}</option>)}</select></label>
        <label>{t('doors.name')}<input name="name" required maxLength={40} pattern="[a-z0-9][a-z0-9\-]*" placeholder="ctwing" title={t('doors.nameHelp')} /><FieldProblem problem={problem.value} field="name" /></label>
        <label>{t('doors.shown')}<input name="title" maxLength={60} /></label>
        {kind.value === 'watch' && <label>{t('doors.port')}<input name="port" type="number" min={1} max={65_535} required /><FieldProblem problem={problem.value} field="settings.port" /></label>}
        <SecretFields help={help} values={secrets.value} have={null} problem={problem.value} set={(name, value) => { secrets.value = { ...secrets.value, [name]: value }; }} />
        <button type="submit" class="strong">{t('act.openDoor')}</button>
      </div>
      {problem.value && problem.value.fields.length === 0 && <p class="trouble" role="alert">{problemText(problem.value)}</p>}
      {url.value !== null && <p class="made" data-test="door-url"><b>{t('doors.once')}</b> <code class="made-value">{url.value}</code></p>}
    </form>
  );
}

const lines = (text: string): string[] => text.split('\n').map((line) => line.trim()).filter((line) => line !== '');
const alarmLines = (alarms: DoorSettings['alarms']): string => Object.entries(alarms).map(([product, kind]) => `${product}=${kind}`).join('\n');

function Editor({ door, help, again }: { door: DoorRow; help: DoorKindHelp | undefined; again(): void }) {
  const secrets = useSignal<Record<string, string>>({});
  const alarms = useSignal(alarmLines(door.settings.alarms));
  const addresses = useSignal(door.settings.addresses.join('\n'));
  const port = useSignal(door.settings.port);
  const history = useSignal(door.settings.history ?? null);
  const crs = useSignal<CoordinateSystem>(door.settings.crs ?? 'wgs84');
  const mapping = useSignal<Mapping>(door.settings.mapping ?? emptyMapping);
  const problem = useSignal<Problem | null>(null);
  useEffect(() => () => keepUnsaved(mapping, false), []);
  const touch = (): void => keepUnsaved(mapping, true);
  const change = async (body: object): Promise<void> => {
    const answer = await patch(`/api/v1/vendor-doors/${door.name}`, { version: door.version, ...body });
    problem.value = answer.ok ? null : answer.problem;
    if (!answer.ok) { if (answer.problem.fields.length === 0) sayProblem(answer.problem); return; }
    keepUnsaved(mapping, false);
    say(t('set.saved'));
    again();
  };
  const save = (event: SubmitEvent): void => {
    event.preventDefault();
    // A line without a kind goes as it is: the server refuses it by name, nothing vanishes.
    const settings = { alarms: Object.fromEntries(lines(alarms.value).map((line) => { const [what = '', kind = ''] = line.split('=', 2).map((part) => part.trim()); return [what, kind]; })), addresses: lines(addresses.value), ...(door.kind === 'mapping' ? { mapping: mapping.value } : {}), ...(door.kind === 'watch' ? { port: port.value } : {}), ...(help?.history ? { history: history.value } : {}), ...(crs.value !== (door.settings.crs ?? 'wgs84') ? { crs: crs.value } : {}) };
    void change({ settings, secrets: given(secrets.value) });
  };
  const close = async (): Promise<void> => {
    const answer = await remove(`/api/v1/vendor-doors/${door.name}`);
    if (answer.ok) { go('doors'); again(); } else sayProblem(answer.problem);
  };
  return (
    <form class="card stack" data-test="door-editor" onSubmit={save} onInput={touch}>
      <h2>{door.title || door.name} · {kindText(door.kind)}</h2>
      <div class="form-row">
        <SecretFields help={help} values={secrets.value} have={door.secretsSet} problem={problem.value} set={(name, value) => { secrets.value = { ...secrets.value, [name]: value }; }} />
        {door.kind === 'watch' && <label>{t('doors.port')}<input type="number" min={1} max={65_535} value={port.value ?? ''} onInput={(event) => { port.value = Number(event.currentTarget.value); }} /><FieldProblem problem={problem.value} field="settings.port" /></label>}
        {door.kind !== 'mapping' && <label>{t('doors.alarms')}<textarea rows={3} data-test="door-alarms" placeholder={'*=sos'} value={alarms.value} onInput={(event) => { alarms.value = event.currentTarget.value; }} /><span class="dim small">{t('doors.alarmsHelp', { kinds: deviceKinds.slice(0, 8).join(' ') })}</span><AnyProblem problem={problem.value} under="settings.alarms" /></label>}
        <label>{t('doors.addresses')}<textarea rows={3} data-test="door-addresses" placeholder="1.2.3.0/24" value={addresses.value} onInput={(event) => { addresses.value = event.currentTarget.value; }} /><span class="dim small">{t('doors.addressesHelp')}</span><AnyProblem problem={problem.value} under="settings.addresses" /></label>
      </div>
      {help?.pushes && <label>{t('doors.crs')}<select data-test="door-crs" value={crs.value} onChange={(event) => { crs.value = event.currentTarget.value as CoordinateSystem; }}>{(['wgs84', 'gcj02', 'bd09'] as const).map((system) => <option key={system} value={system}>{t(`doors.${system}`)}</option>)}</select></label>}
      {help?.history && <HistoryFields door={door.name} draft={history} url={help.history.url} problem={problem.value} />}
      {door.kind === 'mapping' && <MappingEditor draft={mapping} problem={problem.value} changed={touch} />}
      <p class="buttons">
        <button type="submit" class="strong" data-test="save-door">{t('act.save')}</button>
        <button type="button" class="plain" data-test="switch-door" onClick={() => void change({ enabled: !door.enabled })}>{door.enabled ? t('act.disable') : t('act.enable')}</button>
        {door.devices === 0 && <Sure label={t('act.remove')} test="close-door" run={() => void close()} />}
      </p>
    </form>
  );
}
