/** 拒装: why, who says so, and his signature; kept without a network like everything else. */
import { useSignal } from '@preact/signals';
import { Card, Choice, Field, Press, SignBox } from './parts.tsx';
import { go, to } from './route.ts';
import { newVisit, press } from './state.ts';
import { w } from './words.ts';

const reasons = ['unwilling', 'has-own', 'moved-out', 'family-refuses', 'other'] as const;
export const signers = ['elder', 'family', 'guardian'] as const;
export type Signer = (typeof signers)[number];

export function RefusePage({ id }: { id: string }) {
  const [reason, who, text, png] = [useSignal<(typeof reasons)[number] | ''>(''), useSignal<Signer | ''>(''), useSignal(''), useSignal<string | null>(null)];
  const keep = async (): Promise<void> => {
    const visit = newVisit(id, { refusal: true });
    const note = text.value.trim();
    if (await press(visit, 'refuse', { homeId: id, reason: reason.value, ...(note === '' ? {} : { note }), data: png.value, who: who.value }, w().reason[reason.value || 'other'])) go('visit', visit.id);
  };
  return (
    <>
      <p><a class="button" href={to('home', id)}>{w().back}</a></p>
      <Card title={w().refuse} test="refusal">
        <p>{w().refuseHelp}</p>
        <Choice label={w().failWhy} name="reason" value={reason.value} options={reasons.map((r) => [r, w().reason[r]])} onChange={(r) => { reason.value = r; }} />
        <Field label={w().note} name="note" value={text.value} maxLength={200} onInput={(t) => { text.value = t; }} />
        <Choice label={w().who} name="who" value={who.value} options={signers.map((s) => [s, w()[s]])} onChange={(s) => { who.value = s; }} />
        <SignBox onSign={(data) => { png.value = data; }} />
        <Press test="keep-refusal" kind="strong" disabled={reason.value === '' || who.value === '' || png.value === null} onClick={() => void keep()}>{w().refuse}</Press>
      </Card>
    </>
  );
}
