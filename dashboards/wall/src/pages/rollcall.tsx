/** One roll-call: how much of it is done, who needs help, who was not reached, by town and by village; live while it runs, on paper and as a table after. */
import { useEffect } from 'preact/hooks';
import { may } from '#core/user.ts';
import { post } from '#wall/api/client.ts';
import { roleText } from '#wall/case/people.tsx';
import { dayMinute } from '#wall/format/time.ts';
import { t } from '#wall/i18n/text.ts';
import { hashOf } from '#wall/state/route.ts';
import { can, me } from '#wall/state/session.ts';
import { sayProblem } from '#wall/state/toast.ts';
import { serverNow } from '#wall/state/wall.ts';
import { Page, useFetched, Waiting } from './page.tsx';
import { Sure } from './paging.tsx';
import { type RollNamed, rollPlace, type RollVillage, type RollWhole, Share } from './rollcall-words.tsx';

const againMs = 5_000;

export function RollCall({ id }: { id: string }) {
  const whole = useFetched<RollWhole>(`/api/v1/rollcalls/${encodeURIComponent(id)}`);
  const r = whole.value;
  const runs = r?.state === 'open';
  useEffect(() => { if (!runs) return; const timer = setInterval(whole.again, againMs); return () => clearInterval(timer); }, [runs]);
  const end = async (): Promise<void> => { const answer = await post(`/api/v1/rollcalls/${id}/end`); if (!answer.ok) sayProblem(answer.problem); whole.again(); };
  return (
    <Page title={r?.name ?? t('roll.title')} help={t('roll.oneHelp')} onRefresh={whole.again} test="rollcall">
      <p class="filters no-print"><a href={hashOf('rollcalls')}>‹ {t('roll.title')}</a><span class="grow" />
        {runs && can(may.writeRolls) && <Sure label={t('act.endRoll')} test="end-roll" run={() => void end()} />}
        {r && can(may.writeRolls) && <a class="plain file-link" data-test="roll-papers" href={hashOf('rollcalls', r.id, { paper: 'all' })}>{t('act.papers')}</a>}
        {r && <><button type="button" class="plain" onClick={() => print()}>{t('act.print')}</button><a class="plain file-link" download href={`/api/v1/rollcalls/${r.id}/report.csv`} data-test="roll-file">{t('act.file')}</a></>}</p>
      {r === null ? <Waiting problem={whole.problem} /> : <Whole r={r} />}
    </Page>
  );
}

function Whole({ r }: { r: RollWhole }) {
  const { total } = r;
  return (
    <>
      <section class="card" data-test="roll-total">
        <h2>{rollPlace(r)}{r.kind !== 'region' && <span class="dim"> · {t(`roll.kind.${r.kind}`)}</span>}</h2>
        <p class="sheet-sum">{t('roll.sumAll', { checked: total.checked, people: total.people, percent: total.percent })} <meter class="roll-meter" min={0} max={Math.max(1, total.people)} value={total.checked} aria-label={t('roll.share')} />{total.complete && <b> {t('roll.nobodyLeft')}</b>}</p>
        <p>{t('roll.sumParts', { safe: total.safe, help: total.help, unreached: total.unreached, unchecked: total.unchecked })}{total.minutes !== null && <> · {t('roll.minutes', { n: total.minutes })}</>}</p>
        <p class="dim">{t(`roll.state.${r.state}`)} · <span class="digits">{dayMinute(r.startedAt)}</span> {r.startedBy}{r.endedAt !== null && <> – <span class="digits">{dayMinute(r.endedAt)}</span></>}{r.state === 'open' && <span class="no-print"> · {t('roll.endNote')}</span>}</p>
        <p class="print-only dim">{me.value?.name} · <span class="digits">{dayMinute(serverNow.value)}</span></p>
      </section>
      {r.needHelp.length > 0 && <Named title={t('roll.needHelp')} note={t('roll.asAlert')} list={r.needHelp} roll={r.id} test="roll-help" />}
      {r.notReached.length > 0 && <Named title={t('roll.notReached')} list={r.notReached} roll={r.id} test="roll-unreached" />}
      {r.towns.length > 1 && (
        <section class="card scroll"><h3>{t('roll.byTown')}</h3>
          <table class="table" data-test="roll-towns"><thead><tr><th>{t('roll.town')}</th><Heads /></tr></thead>
            <tbody>{r.towns.map((v) => <tr key={v.code}><td>{v.town}</td><Figures v={v} /></tr>)}</tbody></table></section>
      )}
      <section class="card scroll"><h3>{t('roll.byVillage')}</h3>
        <table class="table" data-test="roll-villages"><thead><tr><th>{t('roll.village')}</th><Heads /><th>{t('roll.keepers')}</th></tr></thead>
          <tbody>{r.villages.map((v) => <tr key={v.code} data-village={v.code}><td><a href={hashOf('rollcalls', r.id, { village: v.code })}>{rollPlace(v)}</a></td><Figures v={v} /><td><Keepers v={v} /></td></tr>)}</tbody></table></section>
    </>
  );
}

const Heads = () => <><th>{t('roll.people')}</th><th>{t('roll.share')}</th><th>{t('roll.status.safe')}</th><th>{t('roll.status.help')}</th><th>{t('roll.status.unreached')}</th><th>{t('roll.status.unchecked')}</th><th>{t('roll.took')}</th></>;

function Figures({ v }: { v: RollWhole['total'] }) {
  return (
    <><td class="digits">{v.people}</td><td><Share total={v} /></td><td class="digits">{v.safe}</td><td class="digits">{v.help > 0 ? <b class="trouble">{v.help}</b> : 0}</td><td class="digits">{v.unreached > 0 ? <b class="warn">{v.unreached}</b> : 0}</td><td class="digits">{v.unchecked}</td>
      <td class="digits">{v.minutes === null ? '–' : t('roll.minutes', { n: v.minutes })}</td></>
  );
}

/** Who has the list; whom no text reaches is said, because then somebody must telephone. */
function Keepers({ v }: { v: RollVillage }) {
  if (v.keepers.length === 0) return <span class="warn">{t('roll.nobody')}</span>;
  return <>{v.keepers.map((k) => <span key={k.party} class="roll-keeper">{k.role === null ? '' : roleText(k.role)} {k.name}{k.failed && <b class="trouble"> {t('roll.notTold')}</b>} </span>)}</>;
}

function Named({ title, note, list, roll, test }: { title: string; note?: string; list: readonly RollNamed[]; roll: string; test: string }) {
  return (
    <section class="card scroll"><h3>{title} <span class="digits">{list.length}</span></h3>{note && <p class="dim">{note}</p>}
      <table class="table" data-test={test}><thead><tr><th>{t('roll.who')}</th><th>{t('roll.village')}</th><th>{t('roll.since')}</th><th>{t('roll.by')}</th></tr></thead>
        <tbody>{list.map((p) => (
          <tr key={`${p.regionCode} ${p.no}`}><td><span class="digits">{p.no}</span> {p.name}{p.highRisk && <i class="flag grave">{t('case.highRisk')}</i>} <span class="dim">{p.place}</span></td>
            <td><a href={hashOf('rollcalls', roll, { village: p.regionCode })}>{rollPlace(p)}</a></td><td class="digits">{p.markedAt === null ? '' : dayMinute(p.markedAt)}</td><td>{p.markedBy}</td></tr>
        ))}</tbody></table></section>
  );
}
