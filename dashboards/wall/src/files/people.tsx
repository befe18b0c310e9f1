/** 老人: the list with the gaps in the cover, one file with home, contacts in calling order, devices and modes; new ones. */
import { abilities, categories, hearings, livingKinds, personStatuses, riskTags } from '#core/registry.ts';
import { may } from '#core/user.ts';
import { t } from '#wall/i18n/text.ts';
import { spaced } from '#wall/format/phone.ts';
import { WhoCard } from '#wall/pages/called.tsx';
import { placeOf } from '#wall/shell/unheard.tsx';
import { go, hashOf, route } from '#wall/state/route.ts';
import { can } from '#wall/state/session.ts';
import { Contacts } from './contacts.tsx';
import { DevicesCard } from './devices-card.tsx';
import type { Section } from './fields.ts';
import { Card, FilePage, FileWaiting, RevealButton, useOne, useReveal } from './file.tsx';
import { FileForm } from './form.tsx';
import { FileList } from './list.tsx';
import { ModeCard, modeNames } from './mode.tsx';
import type { HomeFile, PersonFile, PersonPlain } from './shapes.ts';
import { ageOf, DemoMark, Gap, ModeMark, word } from './words.tsx';

const sections: readonly Section[] = [
  { title: 'person.who', fields: [
    { name: 'name', label: 'files.name', kind: 'text', required: true, secret: true, max: 60 }, { name: 'phone', label: 'files.phone', kind: 'phone', secret: true }, { name: 'number', label: 'person.number', kind: 'text', max: 40 },
    { name: 'identityNo', label: 'person.identityNo', kind: 'text', secret: true, max: 18 }, { name: 'birthDate', label: 'person.birthDate', kind: 'date', secret: true }, { name: 'sex', label: 'person.sex', kind: 'choice', values: ['male', 'female'], words: 'sex' },
    { name: 'language', label: 'files.language', kind: 'text', max: 20 }, { name: 'hearing', label: 'case.hearing', kind: 'choice', values: hearings, words: 'hearing' },
  ] },
  { title: 'person.where', fields: [
    { name: 'homeId', label: 'person.home', kind: 'home', wide: true, hint: 'person.homeHint' }, { name: 'registeredRegionCode', label: 'person.registered', kind: 'region', wide: true },
    { name: 'living', label: 'person.living', kind: 'choice', values: livingKinds, words: 'living' }, { name: 'status', label: 'person.status', kind: 'choice', values: personStatuses, words: 'status', required: true }, { name: 'statusSince', label: 'person.statusSince', kind: 'date' },
  ] },
  { title: 'person.risk', fields: [
    { name: 'ability', label: 'person.ability', kind: 'choice', values: abilities, words: 'ability' }, { name: 'highRisk', label: 'case.highRisk', kind: 'yes', hint: 'person.highRiskHint' }, { name: 'routineBy', label: 'person.routineBy', kind: 'hour', hint: 'person.routineHint' },
    { name: 'riskTags', label: 'case.risk', kind: 'many', values: riskTags, words: 'risk' }, { name: 'category', label: 'person.category', kind: 'many', values: categories, words: 'category' },
    { name: 'healthNote', label: 'case.health', kind: 'long', secret: true, max: 1000 }, { name: 'note', label: 'case.notes', kind: 'long', secret: true, max: 1000 },
  ] },
  { title: 'person.consent', fields: [{ name: 'consentAt', label: 'person.consentAt', kind: 'instant' }, { name: 'consentBy', label: 'person.consentBy', kind: 'text', secret: true, max: 60 }] },
];

export function People() {
  const { id } = route.value;
  if (id === 'new') return <NewPerson />;
  if (id !== null) return <Person key={id} id={id} />;
  return (
    <FileList<PersonFile> spec={{
      page: 'people', path: '/api/v1/people', rows: 'people', title: 'tab.people', help: 'people.help', search: 'people.search',
      extra: can(may.writeFiles) && <a class="strong" data-test="new" href={hashOf('people', 'new')}>{t('act.new')}</a>,
      filters: [
        { name: 'status', label: 'person.status', values: personStatuses, words: 'status' }, { name: 'mode', label: 'modes.mode', values: modeNames, words: 'flag' }, { name: 'without', label: 'people.gap', values: ['device', 'contact'], words: 'gap' },
        { name: 'highRisk', label: 'case.highRisk', values: [] },
      ],
      columns: ['files.name', 'files.place', 'people.age', 'files.phone', 'people.devices', 'people.contacts', null],
      cells: (p) => [
        p.name, placeOf(p.regionCode), <span key="age" class="digits">{ageOf(p.birthYear)}</span>, <span key="phone" class="digits">{p.phone ?? t('files.noPhone')}</span>,
        p.status === 'present' ? <Gap key="d" n={p.devices} none={t('gap.device')} /> : '–', p.status === 'present' ? <Gap key="c" n={p.contacts} none={t('gap.contact')} /> : '–',
        <span key="marks" class="marks">{p.highRisk && <i class="flag grave">{t('case.highRisk')}</i>}<ModeMark mode={p.mode} until={p.modeUntil} />{p.status !== 'present' && <i class="flag">{word('status', p.status)}</i>}<DemoMark demo={p.demo} /></span>,
      ],
    }} />
  );
}

function Person({ id }: { id: string }) {
  const path = `/api/v1/people/${id}`;
  const file = useOne<PersonFile>(path);
  const reveal = useReveal<PersonPlain>(path);
  const p = file.value;
  if (p === null) return <FileWaiting list="people" problem={file.problem} />;
  const { plain } = reveal;
  const base = { ...p, birthDate: null, identityNo: null, healthNote: null, note: null, consentBy: null, ...plain };
  return (
    <FilePage list="people" test="person" title={plain?.name ?? p.name} tools={can(may.revealFiles) && <RevealButton reveal={reveal} />}
      marks={<><span class="dim">{placeOf(p.regionCode)}</span>{p.highRisk && <i class="flag grave">{t('case.highRisk')}</i>}<ModeMark mode={p.mode} until={p.modeUntil} />{p.status !== 'present' && <i class="flag">{word('status', p.status)}</i>}<DemoMark demo={p.demo} /></>}
      aside={<>
        {plain?.phone && <p class="file-dial digits" data-test="dial">{spaced(plain.phone)}</p>}
        <Contacts personId={p.id} demo={p.demo} plain={plain} onChange={file.again} onReveal={reveal.show} />
        {p.homeId === null ? <Card title={t('person.home')}><p class="warn">{t('person.homeless')}</p></Card> : <HomeCard id={p.homeId} />}
        <DevicesCard query={p.homeId === null ? `personId=${p.id}` : `homeId=${p.homeId}`} />
        {p.homeId !== null && can(may.readPlans) && <WhoCard subject={{ personId: p.id }} />}
        <ModeCard target={{ people: [p.id] }} mode={p.mode} until={p.modeUntil} onChange={file.again} />
      </>}>
      <FileForm test="person-form" sections={sections} base={base} shut={plain === null} mayWrite={can(may.writeFiles)} version={p.version} path={path} onReload={file.again}
        onSaved={(_id, changes) => { reveal.merge(changes); file.again(); }} />
    </FilePage>
  );
}

function HomeCard({ id }: { id: string }) {
  const home = useOne<HomeFile>(`/api/v1/homes/${id}`).value;
  return (
    <Card title={t('person.home')} test="home-card" tools={<a class="small-button" href={hashOf('homes', id)}>{t('act.open')}</a>}>
      {home && <p>{[placeOf(home.regionCode), home.place].filter(Boolean).join(' ')} <ModeMark mode={home.mode} until={home.modeUntil} /></p>}
      {home && <p class="dim small">{[home.roadEnd === null ? null : `${t('case.road')} ${home.roadEnd}`, home.walkMinutes === null ? null : t('case.walk', { n: home.walkMinutes }), home.dog ? t('case.dog') : null].filter(Boolean).join(' · ')}</p>}
    </Card>
  );
}

/** A new person: of a home that is on file (the one of the address, when it names one), or of a region while they have none. */
function NewPerson() {
  const homeId = route.value.query['home'] ?? null;
  return (
    <FilePage list="people" test="person-new" title={t('people.new')}>
      <FileForm test="person-form" sections={sections} base={{ status: 'present', homeId }} also={homeId === null ? {} : { homeId }} shut={false} mayWrite version={null} path="/api/v1/people" onSaved={(id) => go('people', id)} />
    </FilePage>
  );
}
