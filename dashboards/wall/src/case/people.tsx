/** Who can come: contacts first, then the village, the town, the county. One press opens a line: number to dial, results, dispatch. */
import type { AlertView } from '#core/live.ts';
import type { Candidate, CaseInFull, Engagement, Message } from '#wall/api/case.ts';
import { countdown, dayMinute, duration } from '#wall/format/time.ts';
import { spaced } from '#wall/format/phone.ts';
import { lang, maybeText, t } from '#wall/i18n/text.ts';
import { accept, arrive, calledParty, decline, depart, dispatch } from '#wall/state/actions.ts';
import { openParty, type Part, reveal, revealed } from '#wall/state/case.ts';
import { mayAct } from '#wall/state/session.ts';
import { serverNow } from '#wall/state/wall.ts';
import { CallKeys } from './call-keys.tsx';

export function People({ alert, full }: { alert: AlertView; full: CaseInFull | null }) {
  const all = revealed.value?.candidates ?? full?.candidates ?? [];
  const engagements = new Map((full?.engagements ?? []).map((e) => [e.party, e]));
  // whoever was asked and is not among the candidates (a village near by) stands here too
  const others = [...engagements.values()].filter((e) => !all.some((c) => c.party === e.party)).map(asCandidate);
  return (
    <>
      <Group part="contacts" title={t('case.contacts')} none={t('case.noContacts')} people={all.filter((c) => c.near === 'home')} alert={alert} engagements={engagements} messages={full?.messages ?? []} loading={full === null} />
      <Group part="responders" title={t('case.responders')} none={t('case.noResponders')} people={[...all.filter((c) => c.near !== 'home'), ...others]} alert={alert} engagements={engagements} messages={full?.messages ?? []} loading={full === null} />
    </>
  );
}

const asCandidate = (e: Engagement): Candidate => ({
  party: e.party, role: e.role ?? 'other', name: e.name ?? e.party, phone: e.phone ?? '', near: 'county', keyHolder: false, walkMinutes: null, languages: [], landline: false, absentUntil: null, optedOut: false, withdrawn: false, link: null,
});

function Group({ part, title, none, people, alert, engagements, messages, loading }: {
  part: Part; title: string; none: string; people: Candidate[]; alert: AlertView; engagements: ReadonlyMap<string, Engagement>; messages: readonly Message[]; loading: boolean;
}) {
  return (
    <section class="part" data-part={part} aria-label={title}>
      <h3>{title}</h3>
      {people.length === 0 && <p class="dim">{loading ? t('common.loading') : none}</p>}
      <ul class="people">{people.map((who) => <PersonRow key={who.party} who={who} alert={alert} engagement={engagements.get(who.party) ?? null} messages={messages.filter((m) => m.party === who.party)} />)}</ul>
    </section>
  );
}

function PersonRow({ who, alert, engagement, messages }: { who: Candidate; alert: AlertView; engagement: Engagement | null; messages: readonly Message[] }) {
  const open = openParty.value === who.party;
  const absent = who.absentUntil !== null && who.absentUntil > serverNow.value;
  const toggle = (): void => { openParty.value = open ? null : who.party; if (!open && revealed.value === null) void reveal(); };
  const label = `${roleText(who.role)} ${who.name}`;
  return (
    <li class={`who-row${open ? ' open' : ''}${absent || who.optedOut || who.withdrawn ? ' away' : ''}`} data-party={who.party}>
      <div class="who-line">
        <button type="button" class="who-main" aria-expanded={open} disabled={!mayAct.value} onClick={toggle}>
          <span class="who-role">{roleText(who.role)}{who.keyHolder && <i class="flag">{t('case.keyHolder')}</i>}</span>
          <span class="who-name">{who.name}</span>
          <span class="who-phone digits dim">{spaced(who.phone)}</span>
        </button>
        <EngagementMark engagement={engagement} />
        {absent && <i class="flag">{t('case.absent')}</i>}
        {who.optedOut && <i class="flag">{t('case.optedOut')}</i>}
        {who.withdrawn && <i class="flag grave" data-test="withdrawn">{t('skip.consent-withdrawn')}</i>}
        {mayAct.value && alert.state !== 'closed' && !who.withdrawn && <button type="button" class="small-button" data-test="dispatch" aria-label={`${t('act.dispatch')} ${label}`} onClick={() => void dispatch(alert, who.party, who.name)}>{t('act.dispatch')}</button>}
      </div>
      <Known who={who} engagement={engagement} messages={messages} />
      {open && (
        <div class="dial" data-test="dial">
          <span class="dial-number digits">{spaced(who.phone)}</span>
          {who.withdrawn && <span class="warn small">{t('case.withdrawnDial')}</span>}
          {alert.state !== 'closed' && <CallKeys part={who.party} onResult={(result) => void calledParty(alert, who.party, result)} />}
          {alert.state !== 'closed' && <span class="call-keys">
            <button type="button" class="call-key reached" data-test="accept" onClick={() => void accept(alert, who.party, who.name)}>{t('act.accept')}</button>
            <button type="button" class="call-key" data-test="depart" onClick={() => void depart(alert, who.party)}>{t('act.depart')}</button>
            <button type="button" class="call-key" onClick={() => void decline(alert, who.party, who.name)}>{t('act.decline')}</button>
            <button type="button" class="call-key" onClick={() => void arrive(alert, who.party)}>{t('act.arrive')}</button>
          </span>}
          {who.link !== null && alert.state !== 'closed' && (
            <label class="own-page small" title={t('case.linkNote')}>{t('case.link')} <input readOnly value={who.link} data-test="link-page" onFocus={(event) => event.currentTarget.select()} /></label>
          )}
          {(who.languages.length > 0 || who.walkMinutes !== null) && <span class="dim small">{[...who.languages, who.walkMinutes === null ? null : t('case.walk', { n: who.walkMinutes })].filter(Boolean).join(' · ')}</span>}
        </div>
      )}
    </li>
  );
}

export const roleText = (role: string): string => maybeText(`role.${role}`) ?? role;

/** His part in the case, with the time that is left to arrive. */
/** What is known of him: how far each message to him has come, by channel; where he stood when he arrived; how old that is. */
function Known({ who, engagement, messages }: { who: Candidate; engagement: Engagement | null; messages: readonly Message[] }) {
  const newest = new Map(messages.map((m) => [m.channel, m])); // they come in order: the last of a channel stays
  const place = engagement?.position ?? null;
  const ago = (at: number): string => duration(Math.max(0, serverNow.value - at), lang.value);
  const parts = [
    ...[...newest.values()].map((m) => ({ key: `sent-${m.channel}`, state: m.state, text: `${maybeText(`channel.${m.channel}`) ?? m.channel} ${maybeText(`out.${m.state}`) ?? m.state}` })),
    ...(place ? [{ key: 'place', state: '', text: t(place.awayM === null ? 'people.place' : 'people.placeAway', { m: place.awayM ?? 0, r: place.accuracyM, time: ago(place.at) }) }] : []),
    ...(!place && who.lastPositionAt ? [{ key: 'position', state: '', text: t('people.lastPosition', { time: ago(who.lastPositionAt) }) }] : []),
    ...(who.lastArrivedAt && engagement?.arrivedAt == null ? [{ key: 'arrived', state: '', text: t('people.lastArrived', { time: ago(who.lastArrivedAt) }) }] : []),
  ];
  if (parts.length === 0) return null;
  return <p class="who-known dim small">{parts.map((p) => <span key={p.key} data-test={p.key} data-state={p.state}>{p.text}</span>)}</p>;
}

function EngagementMark({ engagement }: { engagement: Engagement | null }) {
  if (!engagement) return null;
  const left = engagement.state === 'accepted' && engagement.arriveBy !== null ? engagement.arriveBy - serverNow.value : null;
  const state = engagement.state === 'accepted' && (engagement.departedAt ?? null) !== null ? 'departed' : engagement.state;
  return (
    <span class={`engaged ${engagement.state}`} title={dayMinute(engagement.updatedAt)} data-test="engagement" data-state={state}>
      {maybeText(`engagement.${state}`) ?? state}{left !== null && <span class="digits"> {countdown(left)}</span>}
    </span>
  );
}
