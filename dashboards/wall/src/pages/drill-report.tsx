/** One drill: what came of it, who answered in how long, per step and per person, and every imagined alarm; on paper and as a table. */
import { useEffect } from 'preact/hooks';
import { may } from '#core/user.ts';
import { post } from '#wall/api/client.ts';
import { roleText } from '#wall/case/people.tsx';
import { dayMinute, duration } from '#wall/format/time.ts';
import { kindName, lang, maybeText, t } from '#wall/i18n/text.ts';
import { placeText } from '#wall/queue/row.tsx';
import { hashOf } from '#wall/state/route.ts';
import { can, me } from '#wall/state/session.ts';
import { sayProblem } from '#wall/state/toast.ts';
import { serverNow } from '#wall/state/wall.ts';
import { type Drill, HowText } from './drill-words.tsx';
import { Page, useFetched, Waiting } from './page.tsx';
import { Sure } from './paging.tsx';

type Person = { party: string; role: string; name: string | null };
type Call = Person & { step: number; channel: 'sms' | 'voice'; sentAt: number; answeredAt: number | null; verdict: string | null; state: string | null };
type Case = {
  id: string; no: number; homeId: string; town: string | null; village: string | null; place: string | null; state: string; beginsAt: number; claimedAt: number | null; claimedByName: string | null; answeredAt: number | null; answeredBy: Person | null;
  skipped: readonly { step: number; target: string; reason: string; who: Person | null }[]; calls: readonly Call[];
};
type Report = Drill & {
  score: {
    cases: number; answered: number; claimed: number; nobody: number; answerMs: number | null; claimMs: number | null; steps: readonly { step: number; people: number; answered: number; medianMs: number | null }[];
    people: readonly (Person & { texts: number; calls: number; verdict: string; ms: number | null })[];
  };
  list: readonly Case[];
};
const time = (ms: number | null): string => (ms === null ? '–' : duration(ms, lang.value));
const who = (p: Person): string => `${roleText(p.role)} ${p.name ?? ''}`;
const againMs = 5_000;

export function DrillReport({ id }: { id: string }) {
  const report = useFetched<Report>(`/api/v1/drills/${encodeURIComponent(id)}`);
  const d = report.value;
  const runs = d !== null && d.how === null;
  useEffect(() => { if (!runs) return; const timer = setInterval(report.again, againMs); return () => clearInterval(timer); }, [runs]);
  const stop = async (): Promise<void> => { const answer = await post(`/api/v1/drills/${id}/stop`); if (!answer.ok) sayProblem(answer.problem); report.again(); };
  return (
    <Page title={d?.name ?? t('drill.title')} help={t('drill.reportHelp')} onRefresh={report.again} test="drill-report">
      <p class="filters no-print"><a href={hashOf('drills')}>‹ {t('drill.title')}</a><span class="grow" />
        {runs && can(may.startDrills) && <Sure label={t('act.stop')} test="stop-drill" run={() => void stop()} />}
        {d && <><button type="button" class="plain" onClick={() => print()}>{t('act.print')}</button><a class="plain file-link" download href={`/api/v1/drills/${d.id}/report.csv`} data-test="drill-file">{t('act.file')}</a></>}</p>
      {d === null ? <Waiting problem={report.problem} /> : <Whole d={d} />}
    </Page>
  );
}

function Whole({ d }: { d: Report }) {
  const { score } = d;
  return (
    <>
      <section class="card" data-test="drill-score">
        <h2><i class="flag drill">{t('drill.word')}</i> {kindName(d.kind)} · {[d.town, d.village].filter(Boolean).join(' ') || t('files.wholeCounty')}</h2>
        <p class="sheet-sum"><HowText drill={d} /></p>
        <p>{t('drill.sum', { claimed: score.claimed, cases: score.cases, claim: time(score.claimMs), answer: time(score.answerMs), nobody: score.nobody })}</p>
        <p class="dim"><span class="digits">{dayMinute(d.startedAt)}</span> {d.startedBy}{d.endedAt !== null && <> – <span class="digits">{dayMinute(d.endedAt)}</span></>} · {t('drill.notCounted')}</p>
        <p class="print-only dim">{me.value?.name} · <span class="digits">{dayMinute(serverNow.value)}</span></p>
      </section>
      {score.steps.length > 0 && (
        <section class="card scroll"><h3>{t('drill.steps')}</h3>
          <table class="table" data-test="drill-steps"><thead><tr><th>{t('drill.step')}</th><th>{t('drill.told')}</th><th>{t('drill.answered')}</th><th>{t('drill.median')}</th></tr></thead>
            <tbody>{score.steps.map((s) => <tr key={s.step}><td class="digits">{s.step + 1}</td><td class="digits">{s.people}</td><td class="digits">{s.answered}</td><td class="digits">{time(s.medianMs)}</td></tr>)}</tbody></table></section>
      )}
      {score.people.length > 0 && (
        <section class="card scroll"><h3>{t('drill.people')}</h3>
          <table class="table" data-test="drill-people"><thead><tr><th>{t('drill.who')}</th><th>{t('drill.messages')}</th><th>{t('drill.result')}</th><th>{t('drill.took')}</th></tr></thead>
            <tbody>{score.people.map((p) => <tr key={p.party}><td>{who(p)}</td><td class="digits">{p.texts} / {p.calls}</td><td>{p.verdict === 'silent' || p.verdict === 'declined' ? <span class="warn">{t(`drill.verdict.${p.verdict}`)}</span> : maybeText(`drill.verdict.${p.verdict}`)}</td><td class="digits">{time(p.ms)}</td></tr>)}</tbody></table></section>
      )}
      <section class="card stack"><h3>{t('drill.list')}</h3>{d.list.map((c) => <CaseLines key={c.id} c={c} />)}</section>
    </>
  );
}

function CaseLines({ c }: { c: Case }) {
  return (
    <details data-case={c.id}>
      <summary><span class="digits">{c.no}</span> {placeText(c)} · <b class={c.state === 'nobody' ? 'trouble' : ''}>{maybeText(`drill.state.${c.state}`) ?? c.state}</b>
        {c.answeredBy && c.answeredAt !== null && <> {who(c.answeredBy)} <span class="digits">{time(c.answeredAt - c.beginsAt)}</span></>}
        {c.claimedAt !== null && <span class="dim"> · {t('state.claimed')} {c.claimedByName} <span class="digits">{time(c.claimedAt - c.beginsAt)}</span></span>}</summary>
      <ul class="drill-calls">
        {c.calls.map((call, i) => <li key={i}><span class="digits dim">{time(call.sentAt - c.beginsAt)}</span> {t(`channel.${call.channel}`)} {who(call)} {call.verdict ? t(`drill.verdict.${call.verdict as 'answered'}`) : <span class="dim">{call.state === null ? '' : maybeText(`out.${call.state}`) ?? call.state}</span>}</li>)}
        {c.skipped.map((s, i) => <li key={`s${i}`} class="dim">{t('drill.skipped', { step: s.step + 1 })} {s.who ? who(s.who) : maybeText(`target.${s.target}`) ?? maybeText(`role.${s.target}`) ?? s.target}：{maybeText(`skip.${s.reason}`) ?? maybeText(`drill.skip.${s.reason}`) ?? s.reason}</li>)}
      </ul>
    </details>
  );
}
