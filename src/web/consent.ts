/** Consent of a contact as the files keep it: what a date may be, who wrote it down, and what the audit shows of a change. */
import { limits } from '#core/limits.ts';
import type { ContactFields } from '#core/registry.ts';
import type { Problems } from './registry.ts';

type Given = { [K in 'consentAt' | 'consentHow' | 'withdrawnAt']?: ContactFields[K] | undefined };

/** Neither is of tomorrow: a withdrawal silences at once, and a consent is a record. `had` is what the row says already. */
export function checkConsent(problems: Problems, row: number, given: Given, now: number, had: Pick<ContactFields, 'consentAt' | 'consentHow'> = { consentAt: null, consentHow: null }): void {
  for (const field of ['consentAt', 'withdrawnAt'] as const) {
    const at = given[field];
    if (at != null && at > now + limits.consentAheadMs) problems.add(row, field, `a time that has come, not ${new Date(at).toISOString()}: it is ${new Date(now).toISOString()} now`);
  }
  const [at, how] = [given.consentAt === undefined ? had.consentAt : given.consentAt, given.consentHow === undefined ? had.consentHow : given.consentHow];
  if ((at === null) !== (how === null)) problems.add(row, at === null ? 'consentAt' : 'consentHow', 'when he agreed and how (paper, phone, text), or neither');
}

/** With it who wrote it down, and that a withdrawal in the files is the desk's hand. */
export function consentRecord(given: Given, actor: string): Partial<Pick<ContactFields, 'consentBy' | 'withdrawnHow'>> {
  return {
    ...(given.consentAt === undefined && given.consentHow === undefined ? {} : { consentBy: given.consentAt === null ? null : actor }),
    ...(given.withdrawnAt === undefined ? {} : { withdrawnHow: given.withdrawnAt === null ? null : 'desk' as const }),
  };
}

const audited = ['consentAt', 'consentHow', 'withdrawnAt', 'emergenciesOnly', 'quietFrom', 'quietTo'] as const;
/** Old and new of what he agreed to; dates, hours and choices, never who he is. */
export function consentChanges(had: ContactFields, patch: Partial<ContactFields>): { consent?: Record<string, { from: unknown; to: unknown }> } {
  const changed = audited.filter((field) => field in patch && patch[field] !== had[field]);
  return changed.length === 0 ? {} : { consent: Object.fromEntries(changed.map((field) => [field, { from: had[field], to: patch[field] ?? null }])) };
}
