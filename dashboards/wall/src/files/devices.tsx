/** 设备: the list by what is proven of each, one device with its binding, life, events, test mode, secret and end. */
import { useSignal } from '@preact/signals';
import { deviceLives } from '#core/device-life.ts';
import type { EventKind } from '#core/event.ts';
import { may } from '#core/user.ts';
import { type Problem, post } from '#wall/api/client.ts';
import { dayMinute } from '#wall/format/time.ts';
import { t } from '#wall/i18n/text.ts';
import { WhoCard } from '#wall/pages/called.tsx';
import { BatteryCard, SignalCard } from '#wall/pages/device-health.tsx';
import { Dialog } from '#wall/shell/dialog.tsx';
import { problemText } from '#wall/shell/problem.ts';
import { placeOf } from '#wall/shell/unheard.tsx';
import { hashOf, route } from '#wall/state/route.ts';
import { can } from '#wall/state/session.ts';
import { say } from '#wall/state/toast.ts';
import { DeviceConfig } from './device-config.tsx';
import { DeviceEvents } from './device-events.tsx';
import { DeviceLifeCard } from './device-life.tsx';
import { StateWord } from './devices-card.tsx';
import { sheetOf } from './door-card.tsx';
import type { Section } from './fields.ts';
import { Card, FilePage, FileWaiting, useOne } from './file.tsx';
import { FileForm } from './form.tsx';
import { FileList } from './list.tsx';
import type { DeviceFile } from './shapes.ts';
import { ago, DemoMark, word } from './words.tsx';

type Model = { id: string; name: string; type: string; periodS: number };
const bind: readonly Section[] = [
  { title: 'device.bound', fields: [
    { name: 'personId', label: 'device.person', kind: 'person', wide: true, hint: 'device.personHint' }, { name: 'homeId', label: 'device.home', kind: 'home', wide: true }, { name: 'room', label: 'case.room', kind: 'text', max: 40 },
    { name: 'status', label: 'device.status', kind: 'choice', values: ['stock', 'installed'], words: 'deviceStatus', required: true, hint: 'device.statusHint' },
    { name: 'serial', label: 'device.serial', kind: 'text', max: 64 }, { name: 'simUntil', label: 'device.simUntil', kind: 'date' }, { name: 'cell', label: 'home.cell', kind: 'text', max: 40 },
  ] },
];

/** Of what the list is narrowed by, what a sheet of labels can be narrowed by. */
const onSheet = (query: Readonly<Record<string, string>>): Record<string, string> => Object.fromEntries(['region', 'model', 'life'].flatMap((name) => (query[name] ? [[name, query[name]]] : [])));

/** What a device of this type cries. */
const alarmOf: Partial<Record<string, EventKind>> = { 'fall-radar': 'fall', smoke: 'smoke', gas: 'gas', bed: 'bed-exit', phone: 'phone-in' };

/** A one-key telephone is known by its number, which is sealed and never shown again. */
const withNumber: readonly Section[] = bind.map((section) => ({ ...section, fields: [...section.fields, { name: 'phone', label: 'device.number', kind: 'phone', hint: 'device.numberHint' }] }));

export function DeviceFiles() {
  const models = useOne<{ models: Model[] }>('/api/v1/device-models').value?.models ?? [];
  const { id } = route.value;
  const nameOf = (model: string): string => models.find((m) => m.id === model)?.name ?? model;
  if (id !== null) return <Device key={id} id={id} models={models} />;
  return (
    <FileList<DeviceFile> spec={{
      page: 'devices', path: '/api/v1/devices', rows: 'devices', title: 'tab.devices', help: 'deviceFiles.help', search: 'deviceFiles.search', extra: can(may.writeDevices) && <><a class="strong" data-test="new" href={hashOf('register')}>{t('act.register')}</a><a class="plain" data-test="labels" target="_blank" rel="noopener" href={sheetOf('devices', onSheet(route.value.query))}>{t('act.printLabels')}</a></>,
      filters: [
        { name: 'model', label: 'devices.model', values: models.map((m) => m.id), text: nameOf }, { name: 'presence', label: 'device.presence', values: ['online', 'silent', 'offline', 'never', 'never-reported'], words: 'device' },
        { name: 'life', label: 'device.status', values: deviceLives, words: 'deviceStatus' }, { name: 'lowBattery', label: 'device.low', values: [] },
      ],
      columns: ['devices.id', 'devices.model', 'files.place', 'device.presence', 'device.lastSeen', 'device.battery', 'device.signal', null],
      cells: (d) => [
        <code key="id">{d.id}</code>, nameOf(d.model), [placeOf(d.regionCode), d.room].filter(Boolean).join(' · ') || '–', <StateWord key="s" device={d} />, <span key="l" class="digits">{ago(d.lastSeenAt)}</span>,
        <span key="b" class={`digits${d.lowBattery ? ' warn' : ''}`}>{d.battery === null ? '–' : `${d.battery}%`}</span>, <span key="r" class="digits">{d.rssi === null ? '–' : d.rssi}</span>,
        <span key="m" class="marks">{d.testUntil !== null && <i class="flag">{t('flag.test')}</i>}{d.lowBattery && <i class="flag">{t('device.low')}</i>}{d.neverReported && <i class="flag grave">{t('device.never-reported')}</i>}<DemoMark demo={d.demo} /></span>,
      ],
    }} />
  );
}

function Device({ id, models }: { id: string; models: readonly Model[] }) {
  const path = `/api/v1/devices/${id}`;
  const file = useOne<DeviceFile>(path);
  const d = file.value;
  if (d === null) return <FileWaiting list="devices" problem={file.problem} />;
  const model = models.find((m) => m.id === d.model);
  const revoked = d.status === 'revoked';
  return (
    <FilePage list="devices" test="device" title={<code>{d.id}</code>}
      marks={<><span>{model?.name ?? d.model}</span><StateWord device={d} /><span class="dim">{placeOf(d.regionCode)}</span>{d.testUntil !== null && <i class="flag">{t('flag.test')}</i>}<DemoMark demo={d.demo} /></>}
      aside={<>
        {!revoked && d.homeId !== null && can(may.readPlans) && can(may.readFiles) && <WhoCard subject={{ deviceId: d.id }} kind={alarmOf[d.type] ?? 'sos'} />}
        <Life device={d} periodS={model?.periodS ?? null} />
        <BatteryCard id={d.id} />
        <SignalCard id={d.id} />
        {!revoked && <DeviceConfig id={d.id} />}
        {can(may.writeDevices) && !revoked && <TestMode device={d} onChange={file.again} />}
        <DeviceLifeCard device={d} onChange={file.again} />
        {can(may.writeDevices) && <Secrets device={d} onChange={file.again} />}
      </>}>
      <FileForm test="device-form" sections={d.type === 'phone' ? withNumber : bind} base={d} shut={false} mayWrite={can(may.writeDevices)} version={d.version} path={path} onReload={file.again} onSaved={file.again} />
      <DeviceEvents id={d.id} />
    </FilePage>
  );
}

function Life({ device, periodS }: { device: DeviceFile; periodS: number | null }) {
  const lines: [string, string | null][] = [
    [t('device.lastSeen'), device.lastSeenAt === null ? t('device.never') : `${dayMinute(device.lastSeenAt)} · ${ago(device.lastSeenAt)}`], [t('device.period'), periodS === null ? null : t('device.every', { n: Math.round(periodS / 60) })],
    [t('device.battery'), device.battery === null ? null : `${device.battery}%`], [t('device.signal'), device.rssi === null ? null : `${device.rssi} dBm`], [t('device.mains'), device.mains === null ? null : t(device.mains ? 'device.mainsOn' : 'device.mainsOff')],
    [t('device.firmware'), device.fw], [t('device.registeredAt'), dayMinute(device.registeredAt)],
  ];
  return (
    <Card title={t('device.life')} test="life">
      <dl class="lines">{lines.filter(([, value]) => value !== null).map(([name, value]) => <div key={name}><dt>{name}</dt><dd class="digits">{value}</dd></div>)}</dl>
    </Card>
  );
}

function TestMode({ device, onChange }: { device: DeviceFile; onChange(): void }) {
  const problem = useSignal<Problem | null>(null);
  const book = async (minutes: number): Promise<void> => {
    const answer = await post(`/api/v1/devices/${device.id}/test`, { minutes }, false);
    problem.value = answer.ok ? null : answer.problem;
    if (answer.ok) say(t(minutes === 0 ? 'device.testEnded' : 'device.testBooked', { n: minutes }));
    onChange();
  };
  return (
    <Card title={t('flag.test')} test="test-mode">
      <p>{device.testUntil === null ? <span class="dim">{t('device.noTest')}</span> : <b>{t('files.until', { time: dayMinute(device.testUntil) })}</b>}</p>
      <p class="buttons">{[15, 30, 60, 120].map((n) => <button key={n} type="button" class="small-button" data-minutes={n} onClick={() => void book(n)}>{t('device.minutes', { n })}</button>)}
        {device.testUntil !== null && <button type="button" class="small-button" data-minutes={0} onClick={() => void book(0)}>{t('act.endNow')}</button>}</p>
      <p class="dim small">{t('device.testHelp')}</p>
      {problem.value && <p class="trouble" role="alert">{problemText(problem.value)}</p>}
    </Card>
  );
}

/** A new secret (the old one ends at once, shown once) and the end of the device; both are asked for twice. */
function Secrets({ device, onChange }: { device: DeviceFile; onChange(): void }) {
  const asking = useSignal<'secret' | 'revoke' | null>(null);
  const secret = useSignal<string | null>(null);
  const problem = useSignal<Problem | null>(null);
  const revoked = device.status === 'revoked';
  const run = async (): Promise<void> => {
    const what = asking.value;
    asking.value = null;
    const answer = await post<{ secret?: string }>(`/api/v1/devices/${device.id}/${what}`, {}, false);
    problem.value = answer.ok ? null : answer.problem;
    if (answer.ok && what === 'secret') secret.value = answer.value.secret ?? null;
    if (answer.ok && what === 'revoke') { secret.value = null; say(t('device.revoked')); }
    onChange();
  };
  return (
    <Card title={t('devices.secret')} test="secrets">
      {revoked ? <p class="dim">{device.ended === null ? t('device.isRevoked') : t('device.isEnded', { life: word('deviceStatus', device.ended) })}</p> : <p class="buttons">
        <button type="button" class="small-button" data-test="new-secret" onClick={() => { asking.value = 'secret'; }}>{t('act.newSecret')}</button>
        <button type="button" class="small-button" data-test="revoke" onClick={() => { asking.value = 'revoke'; }}>{t('act.revoke')}</button></p>}
      {secret.value && <p data-test="secret-once"><b>{t('devices.once')}</b><br /><code class="made-value">{secret.value}</code></p>}
      {problem.value && <p class="trouble" role="alert">{problemText(problem.value)}</p>}
      {asking.value && (
        <Dialog title={t(asking.value === 'secret' ? 'act.newSecret' : 'act.revoke')} onClose={() => { asking.value = null; }}>
          <p>{t(asking.value === 'secret' ? 'device.secretSure' : 'device.revokeSure', { id: device.id })}</p>
          <p class="buttons"><button type="button" class="strong" data-test="sure" onClick={() => void run()}>{t(asking.value === 'secret' ? 'act.newSecret' : 'act.revoke')}</button><button type="button" class="plain" onClick={() => { asking.value = null; }}>{t('act.cancel')}</button></p>
        </Dialog>
      )}
    </Card>
  );
}
