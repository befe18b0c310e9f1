/** 户: the list, one home with who lives there and what hangs there, new ones. The place of the short message is counted to 14 characters. */
import { placeCharsMax } from '#core/registry.ts';
import { may } from '#core/user.ts';
import { t } from '#wall/i18n/text.ts';
import { problemText } from '#wall/shell/problem.ts';
import { WhoCard } from '#wall/pages/called.tsx';
import { placeOf } from '#wall/shell/unheard.tsx';
import { go, hashOf, route } from '#wall/state/route.ts';
import { can } from '#wall/state/session.ts';
import { DevicesCard } from './devices-card.tsx';
import { DoorCard, VillageDoors } from './door-card.tsx';
import type { Section } from './fields.ts';
import { Card, FilePage, FileWaiting, RevealButton, useOne, useReveal } from './file.tsx';
import { FileForm } from './form.tsx';
import { FileList } from './list.tsx';
import { ModeCard, modeNames } from './mode.tsx';
import type { HomeFile, PersonFile } from './shapes.ts';
import { WalkCard } from './walk-card.tsx';
import { ageOf, DemoMark, Gap, ModeMark } from './words.tsx';

type HomePlain = { address: string; place: string; landmark: string | null; keyWith: string | null };

const sections: readonly Section[] = [
  { title: 'home.address', fields: [
    { name: 'regionCode', label: 'files.place', kind: 'region', required: true, wide: true }, { name: 'address', label: 'home.full', kind: 'text', required: true, secret: true, max: 200, wide: true },
    { name: 'place', label: 'home.place', kind: 'text', secret: true, max: placeCharsMax, hint: 'home.placeHint' }, { name: 'landmark', label: 'case.landmark', kind: 'text', secret: true, max: 200 },
  ] },
  { title: 'home.way', fields: [
    { name: 'roadEnd', label: 'case.road', kind: 'text', max: 60 }, { name: 'walkMinutes', label: 'files.walkMinutes', kind: 'number' }, { name: 'keyWith', label: 'case.key', kind: 'text', secret: true, max: 100 }, { name: 'dog', label: 'case.dog', kind: 'yes' },
    { name: 'lat', label: 'home.lat', kind: 'number' }, { name: 'lon', label: 'home.lon', kind: 'number' }, { name: 'crs', label: 'home.crs', kind: 'choice', values: ['wgs84', 'gcj02', 'bd09'], words: 'crs', required: true },
    { name: 'cell', label: 'home.cell', kind: 'text', max: 40 }, { name: 'powerArea', label: 'home.powerArea', kind: 'text', max: 40 },
  ] },
];

export function Homes() {
  const { id } = route.value;
  if (id === 'new') return <NewHome />;
  if (id !== null) return <Home key={id} id={id} />;
  return (
    <FileList<HomeFile> spec={{
      page: 'homes', path: '/api/v1/homes', rows: 'homes', title: 'tab.homes', help: 'homes.help', search: 'people.search', extra: can(may.writeFiles) && <><a class="strong" data-test="new" href={hashOf('homes', 'new')}>{t('act.new')}</a><VillageDoors region={route.value.query['region'] ?? ''} /></>,
      filters: [{ name: 'mode', label: 'modes.mode', values: modeNames, words: 'flag' }, { name: 'without', label: 'people.gap', values: ['device'], words: 'gap' }],
      columns: ['home.place', 'files.place', 'homes.people', 'people.devices', 'case.road', null],
      cells: (h) => [
        h.place ?? h.id, placeOf(h.regionCode), <span key="p" class="digits">{h.people}</span>, h.people > 0 ? <Gap key="d" n={h.devices} none={t('gap.device')} /> : <span key="d" class="digits">{h.devices}</span>,
        [h.roadEnd, h.walkMinutes === null ? null : t('case.walk', { n: h.walkMinutes })].filter(Boolean).join(' · '), <span key="m" class="marks"><ModeMark mode={h.mode} until={h.modeUntil} />{h.dog && <i class="flag">{t('case.dog')}</i>}<DemoMark demo={h.demo} /></span>,
      ],
    }} />
  );
}

function Home({ id }: { id: string }) {
  const path = `/api/v1/homes/${id}`;
  const file = useOne<HomeFile>(path);
  const reveal = useReveal<HomePlain>(path);
  const h = file.value;
  if (h === null) return <FileWaiting list="homes" problem={file.problem} />;
  return (
    <FilePage list="homes" test="home" title={reveal.plain?.place ?? h.place ?? h.id} tools={can(may.revealFiles) && <RevealButton reveal={reveal} />}
      marks={<><span class="dim">{placeOf(h.regionCode)}</span><ModeMark mode={h.mode} until={h.modeUntil} /><DemoMark demo={h.demo} /></>}
      aside={<><Residents homeId={h.id} />{can(may.readPlans) && <WhoCard subject={{ homeId: h.id }} />}<DevicesCard query={`homeId=${h.id}`} /><WalkCard homeId={h.id} onChange={file.again} /><DoorCard homeId={h.id} /><ModeCard target={{ homes: [h.id] }} mode={h.mode} until={h.modeUntil} onChange={file.again} /></>}>
      <FileForm test="home-form" sections={sections} base={{ ...h, address: null, landmark: null, keyWith: null, ...reveal.plain }} shut={reveal.plain === null} mayWrite={can(may.writeFiles)} version={h.version} path={path} onReload={file.again}
        onSaved={(_id, changes) => { reveal.merge(changes); file.again(); }} />
    </FilePage>
  );
}

function Residents({ homeId }: { homeId: string }) {
  const list = useOne<{ people: PersonFile[] }>(`/api/v1/people?limit=50&homeId=${homeId}`);
  return (
    <Card title={t('homes.people')} test="residents" tools={can(may.writeFiles) && <a class="small-button" href={hashOf('people', 'new', { home: homeId })}>{t('act.new')}</a>}>
      {list.problem && <p class="trouble">{problemText(list.problem)}</p>}
      {list.value?.people.length === 0 && <p class="dim">{t('homes.nobody')}</p>}
      <ul class="lines-list">{list.value?.people.map((p) => <li key={p.id}><a href={hashOf('people', p.id)}>{p.name}</a><span class="digits">{t('case.years', { n: ageOf(p.birthYear) })}</span><span>{p.highRisk && <i class="flag grave">{t('case.highRisk')}</i>}</span><span class="digits dim">{p.phone ?? ''}</span></li>)}</ul>
    </Card>
  );
}

function NewHome() {
  return (
    <FilePage list="homes" test="home-new" title={t('homes.new')}>
      <FileForm test="home-form" sections={sections} base={{ crs: 'wgs84' }} shut={false} mayWrite version={null} path="/api/v1/homes" onSaved={(id) => go('homes', id)} />
    </FilePage>
  );
}
