/** Contacts of one person in calling order: moved up and down, proven, on leave, added, changed, removed. Numbers stand masked until the file is shown. */
import { useSignal } from '@preact/signals';
import { useRef } from 'preact/hooks';
import { limits } from '#core/limits.ts';
import { consentWays, relations } from '#core/registry.ts';
import { may } from '#core/user.ts';
import { type Answer, patch, put, remove } from '#wall/api/client.ts';
import { spaced } from '#wall/format/phone.ts';
import { dayMinute } from '#wall/format/time.ts';
import { t } from '#wall/i18n/text.ts';
import { Dialog } from '#wall/shell/dialog.tsx';
import { problemText } from '#wall/shell/problem.ts';
import { leaveFor } from '#wall/state/route.ts';
import { can } from '#wall/state/session.ts';
import { say, sayProblem } from '#wall/state/toast.ts';
import { serverNow } from '#wall/state/wall.ts';
import type { Section } from './fields.ts';
import { Card, useOne } from './file.tsx';
import { FileForm } from './form.tsx';
import type { ContactFile, PersonPlain } from './shapes.ts';
import { ReachMarks, word } from './words.tsx';

const sections: readonly Section[] = [{ title: 'contacts.one', fields: [
  { name: 'name', label: 'files.name', kind: 'text', required: true, secret: true, max: 60 }, { name: 'phone', label: 'files.phone', kind: 'phone', required: true, secret: true },
  { name: 'relation', label: 'contacts.relation', kind: 'choice', values: relations, words: 'role', required: true }, { name: 'keyHolder', label: 'case.keyHolder', kind: 'yes' },
  { name: 'walkMinutes', label: 'files.walkMinutes', kind: 'number' }, { name: 'language', label: 'files.language', kind: 'text', max: 20 }, { name: 'absentUntil', label: 'files.absent', kind: 'instant' },
  { name: 'emergenciesOnly', label: 'contacts.emergenciesOnly', kind: 'yes' }, { name: 'quietFrom', label: 'responder.quietFrom', kind: 'hour', hint: 'responder.quietHint' }, { name: 'quietTo', label: 'responder.quietTo', kind: 'hour' },
  { name: 'consentAt', label: 'person.consentAt', kind: 'instant' }, { name: 'consentHow', label: 'contacts.consentHow', kind: 'choice', values: consentWays, words: 'consentWay' },
  { name: 'withdrawnAt', label: 'contacts.withdrawnAt', kind: 'instant', hint: 'contacts.withdrawnHint' },
] }];

export function Contacts({ personId, demo, plain, onChange, onReveal }: { personId: string; demo: boolean; plain: PersonPlain | null; onChange(): void; onReveal(): Promise<void> }) {
  const list = useOne<{ contacts: ContactFile[] }>(`/api/v1/people/${personId}/contacts`);
  const open = useSignal<ContactFile | 'new' | null>(null);
  const contacts = list.value?.contacts ?? [];
  const mine = can(may.writeFiles);
  const after = (answer: Answer<unknown>, done: string): void => { if (answer.ok) say(done); else sayProblem(answer.problem); list.again(); onChange(); };
  const move = async (from: number, by: number): Promise<void> => {
    const ids = contacts.map((c) => c.id);
    const [id] = ids.splice(from, 1);
    if (id === undefined) return;
    ids.splice(from + by, 0, id);
    after(await put(`/api/v1/people/${personId}/contacts/order`, { ids }), t('contacts.moved'));
  };
  const proven = async (contact: ContactFile): Promise<void> => after(await patch(`/api/v1/contacts/${contact.id}`, { version: contact.version, verifiedAt: Math.round(serverNow.peek()) }), t('contacts.proven'));
  const change = async (contact: ContactFile): Promise<void> => { if (plain === null && can(may.revealFiles)) await onReveal(); open.value = contact; };
  return (
    <Card title={t('case.contacts')} test="contacts" tools={mine && contacts.length < limits.contactsPerPerson && <button type="button" class="small-button" data-test="contact-new" onClick={() => { open.value = 'new'; }}>{t('act.new')}</button>}>
      {list.problem && <p class="trouble">{problemText(list.problem)}</p>}
      {list.value !== null && contacts.length === 0 && <p class="warn">{t('gap.contact')}</p>}
      <ol class="contact-list">{contacts.map((c, i) => {
        const shown = plain?.contacts.find((one) => one.id === c.id) ?? c;
        return (
          <li key={c.id} data-id={c.id}>
            <span class="contact-who"><b>{shown.name}</b> <span class="dim">{word('role', c.relation)}</span> {c.keyHolder && <i class="flag">{t('case.keyHolder')}</i>} {c.emergenciesOnly && <i class="flag">{t('contacts.emergenciesOnly')}</i>} {c.withdrawnAt !== null && <i class="flag grave" data-test="withdrawn">{t('skip.consent-withdrawn')} {dayMinute(c.withdrawnAt)} {word('withdrawnHow', c.withdrawnHow)}</i>} <ReachMarks {...c} /> <ConsentLine {...c} /></span>
            <span class="digits contact-phone">{spaced(shown.phone)}</span>
            {mine && <span class="contact-keys">
              <button type="button" class="small-button" data-test="up" disabled={i === 0} aria-label={`${t('contacts.up')} ${c.name}`} onClick={() => void move(i, -1)}>↑</button>
              <button type="button" class="small-button" data-test="down" disabled={i === contacts.length - 1} aria-label={`${t('contacts.down')} ${c.name}`} onClick={() => void move(i, 1)}>↓</button>
              {c.verifiedAt === null && <button type="button" class="small-button" data-test="verify" title={t('contacts.provenHelp')} onClick={() => void proven(c)}>{t('act.verify')}</button>}
              <button type="button" class="small-button" data-test="contact-edit" aria-label={`${t('act.edit')} ${c.name}`} onClick={() => void change(c)}>{t('act.edit')}</button>
            </span>}
          </li>
        );
      })}</ol>
      {open.value !== null && <ContactDialog contact={open.value === 'new' ? null : open.value} personId={personId} demo={demo} plain={plain} onClose={(done) => { open.value = null; if (done) { list.again(); onChange(); if (plain !== null) void onReveal(); } }} onReload={list.again}
        latest={open.value === 'new' ? null : (contacts.find((c) => c.id === (open.value as ContactFile).id) ?? open.value)} />}
    </Card>
  );
}

/** When he agreed, how, and who wrote it down. */
function ConsentLine({ consentAt, consentHow, consentBy }: Pick<ContactFile, 'consentAt' | 'consentHow' | 'consentBy'>) {
  if (consentAt === null) return <span class="dim small" data-test="consent">{t('contacts.noConsent')}</span>;
  return <span class="dim small" data-test="consent">{t('contacts.consent', { time: new Date(consentAt + 8 * 3_600_000).toISOString().slice(0, 10), how: word('consentWay', consentHow), who: consentBy ?? '–' })}</span>;
}

function ContactDialog({ contact, latest, personId, demo, plain, onClose, onReload }: { contact: ContactFile | null; latest: ContactFile | null; personId: string; demo: boolean; plain: PersonPlain | null; onClose(done: boolean): void; onReload(): void }) {
  const shown = plain?.contacts.find((one) => one.id === contact?.id);
  const form = useRef({}).current;
  const asking = useSignal(false);
  const drop = async (): Promise<void> => {
    if (latest === null) return;
    const answer = await remove(`/api/v1/contacts/${latest.id}?version=${latest.version}`);
    if (answer.ok) { say(t('contacts.removed')); onClose(true); } else { sayProblem(answer.problem); onReload(); }
  };
  return (
    <Dialog title={contact === null ? t('contacts.new') : t('contacts.one')} wide onClose={() => leaveFor(() => onClose(false), form)}>
      {demo && <p class="dim small">{t('expect.phone')}</p>}
      <FileForm test="contact-form" sections={sections} base={latest === null ? {} : { ...latest, ...shown }} also={{ personId }} shut={contact !== null && shown === undefined} mayWrite version={latest?.version ?? null}
        path={latest === null ? '/api/v1/contacts' : `/api/v1/contacts/${latest.id}`} onReload={onReload} formKey={form} onSaved={() => onClose(true)}
        buttons={contact !== null && (asking.value
          ? <><b>{t('contacts.removeSure')}</b><button type="button" class="plain" data-test="sure" onClick={() => void drop()}>{t('act.remove')}</button><button type="button" class="plain" onClick={() => { asking.value = false; }}>{t('act.cancel')}</button></>
          : <button type="button" class="plain" data-test="contact-remove" onClick={() => { asking.value = true; }}>{t('act.remove')}</button>)} />
    </Dialog>
  );
}
