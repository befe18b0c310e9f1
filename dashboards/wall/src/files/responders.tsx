/** 处警人员: who is called in which region; on leave, number proven, quiet hours, languages; the list shows who cannot be counted on. */
import { responderRoles } from '#core/registry.ts';
import { may } from '#core/user.ts';
import { patch } from '#wall/api/client.ts';
import { spaced } from '#wall/format/phone.ts';
import { dayMinute } from '#wall/format/time.ts';
import { t } from '#wall/i18n/text.ts';
import { placeOf } from '#wall/shell/unheard.tsx';
import { go, hashOf, route } from '#wall/state/route.ts';
import { can } from '#wall/state/session.ts';
import { say, sayProblem } from '#wall/state/toast.ts';
import { serverNow } from '#wall/state/wall.ts';
import type { Section } from './fields.ts';
import { Card, FilePage, FileWaiting, RevealButton, useOne, useReveal } from './file.tsx';
import { FileForm } from './form.tsx';
import { FileList } from './list.tsx';
import type { ResponderFile } from './shapes.ts';
import { DemoMark, ReachMarks, word } from './words.tsx';

const sections: readonly Section[] = [
  { title: 'responder.who', fields: [
    { name: 'name', label: 'files.name', kind: 'text', required: true, secret: true, max: 60 }, { name: 'phone', label: 'files.phone', kind: 'phone', required: true, secret: true }, { name: 'role', label: 'responder.role', kind: 'choice', values: responderRoles, words: 'role', required: true },
    { name: 'regionCode', label: 'responder.region', kind: 'region', required: true, wide: true }, { name: 'ord', label: 'responder.ord', kind: 'number', hint: 'responder.ordHint' }, { name: 'languages', label: 'files.language', kind: 'words', hint: 'responder.languagesHint' },
  ] },
  { title: 'responder.reach', fields: [
    { name: 'landline', label: 'responder.landline', kind: 'yes' }, { name: 'keypress', label: 'responder.keypress', kind: 'yes' }, { name: 'keyHolder', label: 'case.keyHolder', kind: 'yes' }, { name: 'walkMinutes', label: 'files.walkMinutes', kind: 'number' },
    { name: 'quietFrom', label: 'responder.quietFrom', kind: 'hour', hint: 'responder.quietHint' }, { name: 'quietTo', label: 'responder.quietTo', kind: 'hour' }, { name: 'absentUntil', label: 'files.absent', kind: 'instant' },
  ] },
];

export function Responders() {
  const { id } = route.value;
  if (id === 'new') return <NewResponder />;
  if (id !== null) return <Responder key={id} id={id} />;
  return (
    <FileList<ResponderFile> spec={{
      page: 'responders', path: '/api/v1/responders', rows: 'responders', title: 'tab.responders', help: 'responders.help', search: 'responders.search', extra: can(may.writeResponders) && <a class="strong" data-test="new" href={hashOf('responders', 'new')}>{t('act.new')}</a>,
      filters: [{ name: 'role', label: 'responder.role', values: responderRoles, words: 'role' }, { name: 'gap', label: 'people.gap', values: ['absent', 'unverified', 'opted-out'], words: 'gap' }],
      columns: ['files.name', 'responder.role', 'responder.region', 'files.phone', 'files.language', 'responder.called', null],
      cells: (r) => [
        r.name, word('role', r.role), placeOf(r.regionCode) || t('files.wholeCounty'), <span key="phone" class="digits">{r.phone}</span>, r.languages.join('、'), <span key="called" class="digits">{r.told30}{r.night30 > 0 && <span class="dim"> ({t('responder.byNight', { n: r.night30 })})</span>}</span>,
        <span key="marks" class="marks"><ReachMarks {...r} />{r.landline && <i class="flag">{t('responder.landline')}</i>}{r.keyHolder && <i class="flag">{t('case.keyHolder')}</i>}<DemoMark demo={r.demo} /></span>,
      ],
    }} />
  );
}

function Responder({ id }: { id: string }) {
  const path = `/api/v1/responders/${id}`;
  const file = useOne<ResponderFile>(path);
  const reveal = useReveal<{ name: string; phone: string }>(path);
  const r = file.value;
  if (r === null) return <FileWaiting list="responders" problem={file.problem} />;
  const mine = can(may.writeResponders);
  const proven = async (): Promise<void> => {
    const answer = await patch(path, { version: r.version, verifiedAt: Math.round(serverNow.peek()) });
    if (answer.ok) say(t('contacts.proven')); else sayProblem(answer.problem);
    file.again();
  };
  return (
    <FilePage list="responders" test="responder" title={reveal.plain?.name ?? r.name} tools={can(may.revealFiles) && <RevealButton reveal={reveal} />}
      marks={<><span class="dim">{word('role', r.role)} · {placeOf(r.regionCode) || t('files.wholeCounty')}</span><ReachMarks {...r} /><DemoMark demo={r.demo} /></>}
      aside={<>
        {reveal.plain && <p class="file-dial digits" data-test="dial">{spaced(reveal.plain.phone)}</p>}
        <Card title={t('responder.proof')} test="proof" tools={mine && r.verifiedAt === null && <button type="button" class="small-button" data-test="verify" title={t('contacts.provenHelp')} onClick={() => void proven()}>{t('act.verify')}</button>}>
          <p>{r.verifiedAt === null ? <span class="warn">{t('files.unverified')}</span> : t('responder.provenAt', { time: dayMinute(r.verifiedAt) })}</p>
          {r.optedOutAt !== null && <p class="warn">{t('responder.optedOut', { time: dayMinute(r.optedOutAt) })}</p>}
          <p class="dim small">{t('contacts.provenHelp')}</p>
        </Card>
      </>}>
      <FileForm test="responder-form" sections={sections} base={{ ...r, ...reveal.plain }} shut={reveal.plain === null} mayWrite={mine} version={r.version} path={path} onReload={file.again} onSaved={(_id, changes) => { reveal.merge(changes); file.again(); }} />
    </FilePage>
  );
}

function NewResponder() {
  return (
    <FilePage list="responders" test="responder-new" title={t('responders.new')}>
      <FileForm test="responder-form" sections={sections} base={{ keypress: false, landline: false }} shut={false} mayWrite version={null} path="/api/v1/responders" onSaved={(id) => go('responders', id)} />
    </FilePage>
  );
}
