/** 运行状况: one word at the top, then every figure with its mark and, where something is to do, what. */
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { OpsLine } from '#core/ops-verdict.ts';
import { get, type Problem } from '#wall/api/client.ts';
import { dayMinute, duration } from '#wall/format/time.ts';
import { lang, maybeText, t } from '#wall/i18n/text.ts';
import { errorText } from './notifications.tsx';
import { Page, Waiting } from './page.tsx';

type Ops = {
  serverTime: number; verdict: 'good' | 'attention'; lines: readonly OpsLine[]; roles: readonly { role: string; ready: boolean; reasons: readonly string[] }[];
  nodes: readonly { id: string; role: string; startedAt: number; beatAgeMs: number; version: string | null }[]; templates: readonly { template: string; state: string }[];
  providerErrors: readonly { channel: 'sms' | 'voice'; code: string; count: number; lastAt: number }[]; blindWindows: readonly { from: number; to: number; why: string }[];
  findings: readonly { kind: string; n: number; since: number; refs: readonly string[] }[];
  auditorCalls: readonly { at: number; role: string | null; why: string; state: string; outId: string }[];
  build: { version: string; pages: string | null }; retention: { heartbeatDays: number; vitalDays: number; receiptDays: number; photoDays: number };
};
const everyMs = 5_000;
/** Where a line leads. */
const pageOf: Partial<Record<OpsLine['id'], string>> = { templates: 'provider', gateway: 'provider', unsent: 'notifications', provider: 'notifications', quarantine: 'quarantine', consoles: 'wall' };

export function Operations() {
  const ops = useSignal<Ops | null>(null);
  const problem = useSignal<Problem | null>(null);
  const ask = async (): Promise<void> => {
    const answer = await get<Ops>('/api/v1/ops');
    if (answer.ok) ops.value = answer.value;
    problem.value = answer.ok ? null : answer.problem;
  };
  useEffect(() => { void ask(); const timer = setInterval(() => void ask(), everyMs); return () => clearInterval(timer); }, []);
  return (
    <Page title={t('ops.title')} help={t('ops.help')} onRefresh={() => void ask()} test="ops">
      {problem.value && <Waiting problem={problem.value} />}
      {ops.value === null ? !problem.value && <Waiting problem={null} /> : <Sheet ops={ops.value} />}
    </Page>
  );
}

function Sheet({ ops }: { ops: Ops }) {
  const todo = ops.lines.filter((line) => line.mark === 'attention');
  return (
    <>
      <section class={`card verdict ${ops.verdict}`} data-test="verdict" data-verdict={ops.verdict} aria-live="polite">
        <b>{t(`ops.${ops.verdict}`)}</b><span>{todo.length === 0 ? t('ops.goodText') : `${t('ops.attentionText', { n: todo.length })} ${todo.map((line) => t(`ops.${line.id}`)).join(lang.value === 'zh' ? '、' : ', ')}`}</span>
      </section>
      <div class="card scroll"><table class="table">
        <thead><tr><th /><th /><th>{t('ops.state')}</th><th>{t('ops.todo')}</th></tr></thead>
        <tbody>{[...todo, ...ops.lines.filter((line) => line.mark !== 'attention')].map((line) => <Line key={line.id} line={line} ops={ops} />)}</tbody>
      </table></div>
      <div class="columns">
        <Processes ops={ops} />
        <section class="card"><h2>{t('ops.errors')}</h2>
          {ops.providerErrors.length === 0 ? <p class="dim">{t('ops.noErrors')}</p> : <ul class="said">{ops.providerErrors.map((e) => <li key={e.channel + e.code}>{t(`channel.${e.channel}`)} {errorText(e.code, null)} <code class="dim">{e.code}</code> <b class="digits">{t('ops.times', { n: e.count })}</b> <span class="dim digits">{dayMinute(e.lastAt)}</span></li>)}</ul>}</section>
        <section class="card"><h2>{t('ops.blindList')}</h2>
          {ops.blindWindows.length === 0 ? <p class="dim">{t('ops.noErrors')}</p> : <ul class="said digits">{ops.blindWindows.slice(0, 10).map((b) => <li key={b.from}>{dayMinute(b.from)} – {dayMinute(b.to).slice(6)} <span class="dim">{duration(b.to - b.from, lang.value)}</span></li>)}</ul>}</section>
        <AuditorCalls ops={ops} />
      </div>
      <p class="dim small">{t('ops.keep', { heartbeat: ops.retention.heartbeatDays, vital: ops.retention.vitalDays, receipt: ops.retention.receiptDays, photo: ops.retention.photoDays })} {t('ops.build', { version: ops.build.version, pages: ops.build.pages ?? '–' })} · {t('ops.manual')}</p>
    </>
  );
}

function Line({ line, ops }: { line: OpsLine; ops: Ops }) {
  const page = pageOf[line.id];
  const name = t(`ops.${line.id}`);
  return (
    <tr data-line={line.id} data-mark={line.mark}>
      <td><span class={`ops-mark ${line.mark}`}><i aria-hidden="true">{line.mark === 'good' ? '●' : line.mark === 'attention' ? '▲' : '○'}</i> {t(`ops.${line.mark}`)}</span></td>
      <th scope="row">{page ? <a href={`#/${page}`}>{name}</a> : name}</th>
      <td class="digits">{valueText(line)}</td>
      <td>{(line.mark === 'attention' || ((line.id === 'backup' || line.id === 'outside') && line.mark === 'unknown')) && (line.id === 'audit' && ops.findings.length === 0 ? t('ops.audit.silent') : maybeText(`ops.${line.id}.do`))}
        {line.id === 'audit' && <Findings ops={ops} />}
        {line.id === 'templates' && line.mark === 'attention' && <span class="said">{ops.templates.map((x) => <span key={x.template}>{maybeText(`tpl.${x.template}`) ?? x.template}: {maybeText(`tstate.${x.state}`) ?? x.state}</span>)}</span>}
        {line.id === 'roles' && <span class="said">{ops.roles.flatMap((r) => r.reasons.map((reason) => <span key={r.role + reason}><b>{r.role}</b> <code>{reason}</code></span>))}</span>}</td>
    </tr>
  );
}

/** What the auditor finds, the worst first: since when, what it hangs on, what to do. */
function Findings({ ops }: { ops: Ops }) {
  return (
    <span class="said">{ops.findings.map((f) => (
      <span key={f.kind} data-finding={f.kind}><b>{maybeText(`audit.${f.kind}`) ?? f.kind}</b> <span class="digits">{f.n} · {t('ops.since', { time: duration(Math.max(0, ops.serverTime - f.since), lang.value) })}</span> {maybeText(`audit.${f.kind}.do`)} <code class="dim">{f.refs.join(', ')}</code></span>
    ))}</span>
  );
}

/** Leaders whom it has called itself, because no worker took up what it had found: they stand on no list of messages. */
function AuditorCalls({ ops }: { ops: Ops }) {
  if (ops.auditorCalls.length === 0) return null;
  return (
    <section class="card" data-test="auditor-calls"><h2>{t('ops.calls')}</h2>
      <ul class="said">{ops.auditorCalls.slice(0, 10).map((c) => (
        <li key={c.outId}><span class="digits">{dayMinute(c.at)}</span> {maybeText(`role.${c.role}`) ?? '–'} {maybeText(`out.${c.state}`) ?? c.state} <span class="dim">{c.why.split(' ').map((kind) => maybeText(`audit.${kind}`) ?? kind).join(lang.value === 'zh' ? '、' : ', ')}</span></li>
      ))}</ul></section>
  );
}

/** The line's sentence with its values as people read them. */
function valueText({ id, values }: OpsLine): string {
  const size = (bytes: unknown): string => (typeof bytes !== 'number' ? '–' : bytes >= 1e9 ? `${(bytes / 1e9).toFixed(1)} GB` : `${Math.round(bytes / 1e6)} MB`);
  const ms = typeof values['ms'] === 'number' ? Math.abs(values['ms']) : 0;
  const time = ms < 1_000 ? `${Math.round(ms)} ms` : duration(ms, lang.value);
  const filled: Record<string, string | number> = { ...Object.fromEntries(Object.entries(values).map(([key, value]) => [key, value ?? '–'])), time, bytes: size(values['bytes']), free: size(values['free']), total: size(values['total']) };
  if (typeof values['rate'] === 'number') filled['rate'] = values['rate'] < 10 ? values['rate'].toFixed(1) : Math.round(values['rate']);
  if (id === 'audit' && values['ms'] === null) return t('ops.unknown');
  if (id === 'audit' && values['n'] === 0) return t('ops.audit.none', filled);
  if (id === 'outside') filled['state'] = maybeText(`outside.${String(values['state'])}`) ?? '';
  if (values['n'] === 0 && 'ms' in values) return t('ops.noErrors');
  if (id === 'backup' && values['ms'] === null) return t('ops.backup.none');
  if (id === 'gateway') filled['kind'] = maybeText(`prov.${String(values['kind'])}`) ?? String(values['kind']);
  return t(`ops.${id}.v`, filled);
}

function Processes({ ops }: { ops: Ops }) {
  return (
    <section class="card"><h2>{t('ops.nodes')}</h2>
      <table class="table"><thead><tr><th>{t('users.role')}</th><th>{t('ops.started')}</th><th>{t('ops.beat')}</th><th>{t('ops.version')}</th></tr></thead>
        <tbody>{ops.nodes.map((n) => <tr key={n.id}><td title={n.id}>{n.role}</td><td class="digits">{t('ops.ago', { time: duration(ops.serverTime - n.startedAt, lang.value) })}</td><td class="digits">{t('ops.ago', { time: `${(n.beatAgeMs / 1000).toFixed(1)} s` })}</td><td class="digits">{n.version ?? '–'}</td></tr>)}</tbody></table>
    </section>
  );
}
