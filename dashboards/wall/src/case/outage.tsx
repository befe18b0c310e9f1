/** An area outage: what is silent, what is back, and who is presumed unreachable because the same mast or village is (F4, F5). */
import { useSignal, useSignalEffect } from '@preact/signals';
import type { AlertView } from '#core/live.ts';
import { may } from '#core/user.ts';
import { get, type Problem } from '#wall/api/client.ts';
import { dayMinute, duration } from '#wall/format/time.ts';
import { lang, maybeText, t } from '#wall/i18n/text.ts';
import { problemText } from '#wall/shell/problem.ts';
import { placeOf } from '#wall/shell/unheard.tsx';
import { sectionOf } from '#wall/queue/order.ts';
import { caseAlert } from '#wall/state/case.ts';
import { bulk } from '#wall/state/dialogs.ts';
import { hashOf } from '#wall/state/route.ts';
import { can, mayAct } from '#wall/state/session.ts';
import { openAlerts, serverNow } from '#wall/state/wall.ts';

type Lost = { deviceId: string; regionCode: string | null; model: string; lastSeenAt: number | null; silentAt: number | null; backAt: number | null; highRisk: boolean };
type Lists = { members: Lost[]; presumed: Lost[] };

export function OutageDetails({ alert }: { alert: AlertView }) {
  const lists = useSignal<Lists | null>(null);
  const problem = useSignal<Problem | null>(null);
  useSignalEffect(() => { // again at every change of the incident
    const id = caseAlert.value?.id;
    if (id === undefined) return;
    void get<Lists>(`/api/v1/alerts/${id}/outage`).then((answer) => { if (answer.ok) { lists.value = answer.value; problem.value = null; } else problem.value = answer.problem; });
  });
  const cause = typeof alert.summary['cause'] === 'string' ? maybeText(`outage.cause.${alert.summary['cause']}`) : null;
  const members = lists.value?.members ?? [];
  // Alarms of the same devices that stand in the queue by themselves.
  const devices = new Set([...members, ...(lists.value?.presumed ?? [])].map((m) => m.deviceId));
  const children = openAlerts.value.filter((a) => a.deviceId !== null && devices.has(a.deviceId) && sectionOf(a) === 'technical').map((a) => a.id);
  const back = members.filter((m) => m.backAt !== null).length;
  return (
    <section class="part" aria-label={t('outage.members')} data-test="outage">
      <p class="facts-line outage-figures">
        <b>{t('outage.since', { time: dayMinute(alert.occurredAt ?? alert.openedAt) })}</b>{cause && <span>{cause}</span>}
        <Figure alert={alert} name="homes" text="outage.homes" /><Figure alert={alert} name="people" text="outage.people" />
        {lists.value && <span>{t('outage.silent', { n: members.length - back })}</span>}{back > 0 && <span>{t('outage.back', { n: back })}</span>}
      </p>
      {alert.state !== 'closed' && mayAct.value && children.length > 0 && <p><button type="button" class="plain" data-test="outage-bulk" onClick={() => { bulk.value = children; }}>{t('bulk.children', { n: children.length })}</button></p>}
      {alert.state !== 'closed' && can(may.writeRolls) && <p><a class="plain file-link" data-test="outage-roll" href={hashOf('rollcalls', 'new', { outage: alert.id })}>{t('act.rollCall')}</a></p>}
      {problem.value && <p class="trouble">{problemText(problem.value)}</p>}
      <h3>{t('outage.members')}</h3>
      <Devices list={members} loading={lists.value === null} />
      <h3>{t('outage.presumed.n', { n: lists.value?.presumed.length ?? 0 })}</h3>
      <p class="dim small">{t('outage.presumedHelp')}</p>
      <Devices list={lists.value?.presumed ?? []} loading={lists.value === null} />
    </section>
  );
}

function Figure({ alert, name, text }: { alert: AlertView; name: string; text: 'outage.homes' | 'outage.people' }) {
  const n = alert.summary[name];
  return typeof n === 'number' ? <span>{t(text, { n })}</span> : null;
}

function Devices({ list, loading }: { list: readonly Lost[]; loading: boolean }) {
  if (list.length === 0) return <p class="dim">{loading ? t('common.loading') : t('outage.none')}</p>;
  return (
    <ul class="lost">{list.map((row) => (
      <li key={row.deviceId} class={row.backAt === null ? '' : 'back'}>
        <span>{placeOf(row.regionCode)}</span><code>{row.deviceId}</code>
        <span class="digits dim">{row.lastSeenAt === null ? t('case.neverSeen') : t('case.lastSeen', { time: duration(serverNow.value - row.lastSeenAt, lang.value) })}</span>
        {row.highRisk && <i class="flag grave">{t('outage.highRisk')}</i>}
      </li>
    ))}</ul>
  );
}
