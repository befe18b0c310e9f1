/** 可达性 (E10, E11): villages with nobody first, whom each could reach and when he was proven last by day and by night, the weekly ring, numbers to be mended. `#/reach/CODE` opens one village. */
import { dayMinute, duration } from '#wall/format/time.ts';
import { ago, DemoMark, word } from '#wall/files/words.tsx';
import { lang, maybeText, t } from '#wall/i18n/text.ts';
import { roleText } from '#wall/case/people.tsx';
import { regionNames, regions } from '#wall/state/county.ts';
import { go, hashOf, route } from '#wall/state/route.ts';
import { me } from '#wall/state/session.ts';
import { serverNow } from '#wall/state/wall.ts';
import { Page, useFetched, Waiting } from './page.tsx';
import { Choice, filter, withQuery } from './paging.tsx';
import { NumberTasks } from './reach-tasks.tsx';
import { RingSettings } from './reach-settings.tsx';

const levels = ['nobody', 'cut-off', 'unproven', 'no-night', 'good'] as const;
type Verdict = { level: (typeof levels)[number]; responders: number; available: number; day: number; night: number };
type Village = Verdict & { code: string; town: string | null; village: string | null; homes: number; people: number; since: number | null };
type Whole = { at: number; weekly: boolean; week: { rung: number; answered: number; silent: number; waiting: number }; openTasks: number; villages: readonly Village[] };
type Person = {
  id: string; role: string; name: string; landline: boolean; keypress: boolean; why: 'absent' | 'cut-off' | 'broken' | null; offDuty: boolean; absentUntil: number | null; verifiedAt: number | null; optedOutAt: number | null;
  dayAt: number | null; dayHow: string | null; nightAt: number | null; nightHow: string | null; fails: number; task: string | null; demo: boolean;
};
type One = Verdict & { code: string; town: string | null; village: string | null; list: readonly Person[] };

export function Reach() {
  const { id } = route.value;
  return id !== null && /^\d{12}$/.test(id) ? <Place key={id} code={id} /> : <County />;
}

function County() {
  const whole = useFetched<Whole>(withQuery('/api/v1/assurance', { region: filter('region') }));
  const towns = (regions.value ?? []).filter((r) => r.level === 'town');
  const wanted = filter('level');
  const villages = whole.value?.villages ?? [];
  const shown = villages.filter((v) => wanted === '' || v.level === wanted);
  return (
    <Page title={t('reach.title')} help={t('reach.help')} onRefresh={whole.again} test="reach">
      {whole.value === null ? <Waiting problem={whole.problem} /> : <>
        <Sum whole={whole.value} />
        <RingSettings on={whole.value.weekly} onSaved={whole.again} />
        <NumberTasks />
        <OtherPlaces />
        <div class="filters no-print">
          <Choice name="level" label={t('reach.level')} options={levels.map((l) => [l, t(`reach.${l}`)])} />
          {towns.length > 1 && <Choice name="region" label={t('reach.town')} options={towns.map((r) => [r.code, regionNames.value.get(r.code) ?? r.code])} />}
          <span class="grow" /><button type="button" class="plain" onClick={() => print()}>{t('act.print')}</button>
        </div>
        {villages.length === 0 ? <p class="empty">{t('reach.none')}</p> : shown.length === 0 ? <p class="empty">{t('set.none')}</p> : <Villages rows={shown} />}
      </>}
    </Page>
  );
}

function Sum({ whole: { weekly, week, villages } }: { whole: Whole }) {
  const n = (level: Village['level']): number => villages.filter((v) => v.level === level).length;
  return (
    <section class="card" data-test="reach-sum">
      <p class="sheet-sum">{n('nobody') > 0 ? <b class="trouble">▲ {t('reach.sumNobody', { n: n('nobody'), people: villages.filter((v) => v.level === 'nobody').reduce((a, v) => a + v.people, 0) })}</b> : t('reach.sumFine')}</p>
      <p class="dim">{levels.filter((l) => l !== 'nobody').map((l) => `${t(`reach.${l}`)} ${n(l)}`).join(' · ')}</p>
      <p class={weekly ? 'dim' : 'warn'}>{weekly ? t('reach.week', week) : t('reach.off')}</p>
    </section>
  );
}

const Level = ({ level }: { level: Village['level'] }) => <i class={level === 'nobody' ? 'flag grave' : 'flag'} data-level={level}>{level === 'nobody' ? '▲ ' : ''}{t(`reach.${level}`)}</i>;

function Villages({ rows }: { rows: readonly Village[] }) {
  return (
    <section class="card scroll" aria-label={t('reach.villages')}>
      <table class="table" data-test="reach-villages">
        <thead><tr><th>{t('reach.village')}</th><th>{t('reach.level')}</th><th>{t('reach.people')}</th><th>{t('reach.available')}</th><th>{t('reach.day')}</th><th>{t('reach.night')}</th></tr></thead>
        <tbody>{rows.map((v) => (
          <tr key={v.code} data-code={v.code}>
            <td><a href={hashOf('reach', v.code)}>{[v.town, v.village].filter(Boolean).join(' ')}</a></td>
            <td><Level level={v.level} />{v.since !== null && <span class="dim small"> {duration(serverNow.value - v.since, lang.value)}</span>}</td>
            <td class="digits">{v.people}</td><td class="digits">{v.available}/{v.responders}</td><td class="digits">{v.day}</td><td class="digits">{v.night}</td>
          </tr>
        ))}</tbody>
      </table>
    </section>
  );
}

/** Duty rooms of the towns and the county's own desk: numbers on which every plan ends. */
function OtherPlaces() {
  const places = (regions.value ?? []).filter((r) => r.level !== 'village');
  if (places.length === 0) return null;
  return (
    <p class="filters no-print"><label>{t('reach.rooms')}<select value="" data-test="reach-rooms" onChange={(event) => { if (event.currentTarget.value !== '') go('reach', event.currentTarget.value); }}>
      <option value="">{t('reach.choose')}</option>{places.map((r) => <option key={r.code} value={r.code}>{regionNames.value.get(r.code)}</option>)}</select></label></p>
  );
}

function Place({ code }: { code: string }) {
  const one = useFetched<One>(`/api/v1/assurance/${code}`);
  const v = one.value;
  return (
    <Page title={v ? [v.town, v.village].filter(Boolean).join(' ') || (regionNames.value.get(code) ?? code) : t('reach.title')} help={t('reach.placeHelp')} onRefresh={one.again} test="reach-place">
      <p class="no-print"><a href={hashOf('reach')}>‹ {t('reach.title')}</a></p>
      {v === null ? <Waiting problem={one.problem} /> : <>
        <p><Level level={v.level} /></p>
        {v.list.length === 0 ? <p class="empty">{t('reach.nobodyFiled')}</p> : (
          <section class="card scroll">
            <table class="table" data-test="reach-people">
              <thead><tr><th>{t('reach.who')}</th><th>{t('reach.now')}</th><th>{t('reach.verified')}</th><th>{t('reach.lastDay')}</th><th>{t('reach.lastNight')}</th></tr></thead>
              <tbody>{v.list.map((p) => <PersonRow key={p.id} p={p} />)}</tbody>
            </table>
          </section>
        )}
        <p class="print-only dim">{me.value?.name} · <span class="digits">{dayMinute(serverNow.value)}</span></p>
      </>}
    </Page>
  );
}

function PersonRow({ p }: { p: Person }) {
  return (
    <tr data-id={p.id}>
      <td><a href={hashOf('responders', p.id)}>{roleText(p.role)} {p.name}</a> {p.landline && <i class="flag">{t('responder.landline')}</i>}<DemoMark demo={p.demo} /></td>
      <td>{p.why === null ? t('reach.there') : <b class="warn">{p.why === 'absent' && p.absentUntil !== null ? t('files.absentUntil', { time: dayMinute(p.absentUntil) }) : t(`reach.why.${p.why}`)}</b>}
        {p.offDuty && <i class="flag">{t('reach.offDuty')}</i>}{p.optedOutAt !== null && <i class="flag grave">{t('case.optedOut')}</i>}{p.fails > 0 && <i class="flag">{t('reach.fails', { n: p.fails })}</i>}{p.task !== null && <i class="flag grave">{word('reach.reason', p.task)}</i>}</td>
      <td>{p.verifiedAt === null ? <span class="warn">{t('files.unverified')}</span> : <span class="digits">{dayMinute(p.verifiedAt)}</span>}</td>
      <td><Proof at={p.dayAt} how={p.dayHow} /></td><td><Proof at={p.nightAt} how={p.nightHow} /></td>
    </tr>
  );
}

const Proof = ({ at, how }: { at: number | null; how: string | null }) => (at === null ? <span class="dim">{t('reach.never')}</span> : <span title={dayMinute(at)}>{ago(at)} <span class="dim">{maybeText(`reach.how.${how}`) ?? how}</span></span>);
