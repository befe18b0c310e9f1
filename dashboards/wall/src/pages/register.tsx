/** A newcomer's first minute: register a device, see its secret once, press its button from here or from a terminal. */
import { useSignal } from '@preact/signals';
import { may } from '#core/user.ts';
import { post, type Problem } from '#wall/api/client.ts';
import { Picker } from '#wall/files/picker.tsx';
import { t } from '#wall/i18n/text.ts';
import { problemText } from '#wall/shell/problem.ts';
import { go, route } from '#wall/state/route.ts';
import { can } from '#wall/state/session.ts';
import { say, sayBad } from '#wall/state/toast.ts';
import { Page, useFetched, Waiting } from './page.tsx';

type Model = { id: string; name: string; type: string };
type Made = { id: string; secret: string };

/** Which event the button of a model sends. */
const eventOf: Record<string, string> = { 'fall-radar': 'fall', smoke: 'smoke', gas: 'gas', bed: 'bed-exit', door: 'motionless' };

export function Register() {
  const models = useFetched<{ models: Model[] }>('/api/v1/device-models');
  const homeId = useSignal(route.peek().query['homeId'] ?? '');
  const personId = useSignal(route.peek().query['personId'] ?? '');
  const made = useSignal<(Made & { kind: string }) | null>(null);
  const problem = useSignal<Problem | null>(null);
  const submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    const [model, room, serial, door, doorKey] = ['model', 'room', 'serial', 'door', 'doorKey'].map((name) => String(form.get(name) ?? '').trim());
    const answer = await post<Made>('/api/v1/devices', { model, ...bound(homeId.value, personId.value), ...(room ? { room } : {}), ...(serial ? { serial } : {}), ...(door ? { door } : {}), ...(doorKey ? { doorKey } : {}) }, false);
    problem.value = answer.ok ? null : answer.problem;
    const type = models.value?.models.find((m) => m.id === model)?.type ?? '';
    made.value = answer.ok ? { ...answer.value, kind: eventOf[type] ?? 'sos' } : null;
  };
  return (
    <Page title={t('devices.title')} help={t('devices.help')} test="register">
      {models.value ? (
        <form class="card" onSubmit={(event) => void submit(event)}>
          <div class="form-row">
            <label>{t('devices.model')}<select name="model" required>{models.value.models.map((m) => <option key={m.id} value={m.id} selected={m.id === 'sos-button'}>{m.name} ({m.id})</option>)}</select></label>
            <label>{t('devices.room')}<input name="room" maxLength={40} /></label>
            <label>{t('device.serial')}<input name="serial" maxLength={64} /></label>
            <label>{t('device.door')}<input name="door" maxLength={40} value={route.peek().query['door'] ?? ''} /></label>
            <label>{t('device.doorKey')}<input name="doorKey" maxLength={128} value={route.peek().query['doorKey'] ?? ''} /></label>
            <button type="submit" class="strong">{t('act.register')}</button>
          </div>
          {can(may.readFiles) && <div class="file-grid">
            <div class="field wide"><span class="field-name">{t('devices.homePick')} · {t('device.home')}</span><Picker kind="home" id="register-home" value={homeId.value} onChange={(id) => { homeId.value = id; }} /></div>
            <div class="field wide"><span class="field-name">{t('devices.homePick')} · {t('device.person')}</span><Picker kind="person" id="register-person" value={personId.value} onChange={(id) => { personId.value = id; }} /></div>
          </div>}
          {problem.value && <p class="trouble" role="alert">{problem.value.code === 'E_FORBIDDEN' ? t('devices.refused') : problemText(problem.value)}</p>}
        </form>
      ) : <Waiting problem={models.problem} />}
      {made.value && <MadeCard made={made.value} />}
    </Page>
  );
}

/** On a person, else in a home: the person's home follows from the person. */
const bound = (homeId: string, personId: string): object => (personId !== '' ? { personId } : homeId !== '' ? { homeId } : {});

function MadeCard({ made }: { made: Made & { kind: string } }) {
  const pressed = useSignal(false);
  const command = `mosquitto_pub -h ${location.hostname} -i ${made.id} -u ${made.id} -P ${made.secret} -q 1 -t care/v1/${made.id}/event -m '{"kind":"${made.kind}"}'`;
  const press = async (): Promise<void> => {
    const ok = await pressButton(made);
    pressed.value = ok;
    if (ok) say(t('devices.pressed')); else sayBad(t('error.offline'));
  };
  return (
    <section class="card made" data-test="made" aria-label={t('devices.made')}>
      <p><b>{t('devices.once')}</b></p>
      <dl>
        <div><dt>{t('devices.id')}</dt><dd><code class="made-value" data-test="made-id">{made.id}</code></dd></div>
        <div><dt>{t('devices.secret')}</dt><dd><code class="made-value" data-test="made-secret">{made.secret}</code></dd></div>
      </dl>
      <p class="dim">{t('devices.try')}</p>
      <div class="command"><code data-test="made-command">{command}</code><CopyButton text={command} /></div>
      <p class="dim">{t('devices.tryHere')} <button type="button" class="strong" data-test="press" onClick={() => void press()}>{t('devices.press')}</button>
        {pressed.value && <> <button type="button" class="plain" onClick={() => go('wall')}>{t('devices.toWall')}</button></>}</p>
    </section>
  );
}

/** The device's own request at the HTTP door: 200 only after the commit. */
async function pressButton(made: Made & { kind: string }): Promise<boolean> {
  try {
    const answer = await fetch(`/api/v1/devices/${made.id}/events`, {
      method: 'POST', credentials: 'omit', headers: { 'content-type': 'application/json', authorization: `Basic ${btoa(`${made.id}:${made.secret}`)}` }, body: JSON.stringify({ kind: made.kind }),
    });
    return answer.ok;
  } catch {
    return false;
  }
}

function CopyButton({ text }: { text: string }) {
  if (!navigator.clipboard) return null; // not on plain http: the line is selected by a click
  return <button type="button" class="tool" onClick={() => void navigator.clipboard.writeText(text).then(() => say(t('devices.copied')))}>{t('act.copy')}</button>;
}
