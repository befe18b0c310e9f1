/** Who it is and how to get there. Masked until somebody asks; then the number stands large, to be dialled by hand. */
import type { AlertView } from '#core/live.ts';
import type { RevealedCase, RevealedHome, RevealedPerson } from '#wall/api/case.ts';
import { spaced } from '#wall/format/phone.ts';
import { maybeText, t } from '#wall/i18n/text.ts';
import { placeText, subjectText } from '#wall/queue/row.tsx';
import { calledElder } from '#wall/state/actions.ts';
import { hide, reveal, revealed, revealing } from '#wall/state/case.ts';
import { mayAct } from '#wall/state/session.ts';
import { serverNow } from '#wall/state/wall.ts';
import { CallKeys } from './call-keys.tsx';
import { Emergency } from './emergency.tsx';

const year = (): number => new Date(serverNow.value + 8 * 3_600_000).getUTCFullYear();
const word = (group: string, value: string | null): string | null => (value === null ? null : maybeText(`${group}.${value}`) ?? value);

export function Person({ alert }: { alert: AlertView }) {
  const plain = revealed.value;
  const hasSubject = alert.personId !== null || alert.homeId !== null;
  return (
    <section class="part person" aria-label={t('case.person')}>
      <h3>{t('case.person')}
        {hasSubject && mayAct.value && (plain
          ? <button type="button" class="tool" data-test="hide" onClick={hide}>{t('act.hide')}</button>
          : <button type="button" class="tool" data-test="reveal" disabled={revealing.value} title={t('case.revealNote')} onClick={() => void reveal()}>{t('act.reveal')}</button>)}
      </h3>
      {!hasSubject && <p class="dim">{t('case.noPerson')}</p>}
      {hasSubject && !plain && <Masked alert={alert} />}
      {plain && <Plain alert={alert} plain={plain} />}
    </section>
  );
}

function Masked({ alert }: { alert: AlertView }) {
  return (
    <div class="masked">
      <p class="person-name">{subjectText(alert)}</p>
      <p>{placeText(alert)}</p>
      <p class="dim small">{t('case.masked')}{mayAct.value ? ` · ${t('case.revealNote')}` : ''}</p>
    </div>
  );
}

function Plain({ alert, plain }: { alert: AlertView; plain: RevealedCase }) {
  const { person, home } = plain;
  return (
    <>
      {person && <PersonLine person={person} />}
      {person?.phone && <div class="dial elder" data-test="elder">
        <span class="dial-label">{t('case.elderCall')}</span><span class="dial-number digits">{spaced(person.phone)}</span>
        {alert.state !== 'closed' && <CallKeys onResult={(result) => void calledElder(alert, result)} part="elder" />}
      </div>}
      {home && <HomeLines home={home} />}
      {person && <Health person={person} />}
      {alert.priority <= 2 && <Emergency key={alert.id} alert={alert} plain={plain} year={year()} />}
    </>
  );
}


function PersonLine({ person }: { person: RevealedPerson }) {
  const facts = [
    person.birthYear === null ? null : t('case.years', { n: year() - person.birthYear }), word('sex', person.sex), person.language,
    word('hearing', person.hearing) === null ? null : `${t('case.hearing')} ${word('hearing', person.hearing)}`, word('living', person.living), word('ability', person.ability), ...person.category.map((c) => word('category', c)),
  ].filter((f): f is string => f !== null);
  return (
    <>
      <p class="person-name" data-test="name">{person.name}{person.highRisk && <i class="flag grave">{t('case.highRisk')}</i>}</p>
      <p class="facts-line">{facts.map((fact) => <span key={fact}>{fact}</span>)}</p>
    </>
  );
}

function HomeLines({ home }: { home: RevealedHome }) {
  const way = [home.roadEnd === null ? null : `${t('case.road')} ${home.roadEnd}`, home.walkMinutes === null ? null : t('case.walk', { n: home.walkMinutes })].filter(Boolean).join(' · ');
  return (
    <dl class="lines">
      <Line name={t('case.address')} text={home.address} strong />
      <Line name={t('case.landmark')} text={home.landmark} />
      <Line name={t('case.road')} text={way.replace(`${t('case.road')} `, '') || null} />
      <Line name={t('case.key')} text={[home.keyWith, home.dog ? t('case.dog') : null].filter(Boolean).join(' · ') || null} />
    </dl>
  );
}

function Health({ person }: { person: RevealedPerson }) {
  const risks = person.riskTags.map((tag) => maybeText(`risk.${tag}`) ?? tag).join(' · ');
  if (!person.healthNote && !risks && !person.note) return null;
  return (
    <dl class="lines">
      <Line name={t('case.risk')} text={risks || null} />
      <Line name={t('case.health')} text={person.healthNote} />
      <Line name={t('case.notes')} text={person.note} />
    </dl>
  );
}

function Line({ name, text, strong = false }: { name: string; text: string | null; strong?: boolean }) {
  if (!text) return null;
  return <div><dt>{name}</dt><dd class={strong ? 'strong-text' : undefined}>{text}</dd></div>;
}
