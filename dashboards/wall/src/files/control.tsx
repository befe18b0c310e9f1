/** One field on a form: the right input, its count, what is wrong with it, what somebody else made of it meanwhile. */
import { charCount } from '#core/registry.ts';
import { maybeText, t } from '#wall/i18n/text.ts';
import { Picker } from './picker.tsx';
import type { Field, Shown } from './fields.ts';
import { RegionPicker } from './region.tsx';

type Props = { field: Field; shown: Shown; shut: boolean; readOnly: boolean; wrong: string | null; theirs: Shown | null; onChange(value: Shown): void };

const textOf = (field: Field, value: string): string => field.text?.(value) ?? maybeText(`${field.words}.${value}`) ?? value;

export function Control(props: Props) {
  const { field, shown, wrong, theirs } = props;
  const id = `field-${field.name}`;
  const count = field.max !== undefined && field.max <= 14 && typeof shown === 'string' ? charCount(shown.trim()) : null;
  return (
    <div class={`field ${field.kind}${field.wide || field.kind === 'long' || field.kind === 'many' ? ' wide' : ''}`} data-field={field.name}>
      {field.kind === 'yes' ? null : <label class="field-name" for={id}>{t(field.label)}{field.required && <i aria-hidden="true"> *</i>}
        {count !== null && <span class={`digits count-of${count > (field.max ?? 0) ? ' over' : ''}`} data-test="count">{count}/{field.max}</span>}</label>}
      <Input {...props} id={id} />
      {wrong !== null && <p class="field-wrong" id={`${id}-wrong`} data-test="wrong">{wrong}</p>}
      {theirs !== null && <p class="field-theirs" data-test="theirs">{t('files.theirs', { text: typeof theirs === 'boolean' ? t(theirs ? 'files.yes' : 'files.no') : typeof theirs === 'object' ? theirs.map((v) => textOf(field, v)).join('、') : theirs === '' ? '–' : textOf(field, theirs) })}</p>}
      {wrong === null && field.hint && <p class="dim small">{t(field.hint)}</p>}
    </div>
  );
}

function Input({ field, shown, shut, readOnly, wrong, onChange, id }: Props & { id: string }) {
  const common = { id, name: field.name, disabled: readOnly || shut, 'aria-invalid': wrong !== null, 'aria-describedby': wrong === null ? undefined : `${id}-wrong`, 'aria-required': field.required, autocomplete: 'off' };
  const text = typeof shown === 'string' ? shown : '';
  const typed = (event: { currentTarget: { value: string } }): void => onChange(event.currentTarget.value);
  switch (field.kind) {
    case 'yes': return <label class="tick"><input {...common} type="checkbox" checked={shown === true} onChange={(event) => onChange(event.currentTarget.checked)} />{t(field.label)}</label>;
    case 'many': return <Many field={field} shown={typeof shown === 'object' ? shown : []} disabled={common.disabled} id={id} onChange={onChange} />;
    case 'choice': return (
      <select {...common} value={text} onChange={typed}>
        {(!field.required || text === '') && <option value="">{t(field.required ? 'files.choose' : 'files.unknown')}</option>}
        {field.values?.map((value) => <option key={value} value={value}>{textOf(field, value)}</option>)}
      </select>);
    case 'region': return <RegionPicker id={id} value={text} onChange={onChange} disabled={common.disabled} invalid={wrong !== null} />;
    case 'home': case 'person': return <Picker kind={field.kind} id={id} value={text} disabled={common.disabled} invalid={wrong !== null} onChange={onChange} />;
    case 'long': return <textarea {...common} rows={2} maxLength={field.max} value={text} placeholder={shut ? t('files.shut') : undefined} onInput={typed} />;
    default: {
      const more = { ...common, value: text, placeholder: shut && text === '' ? t('files.shut') : undefined, onInput: typed };
      if (shut) return <input {...more} type="text" />;
      switch (field.kind) {
        case 'date': return <input {...more} type="date" />;
        case 'hour': return <input {...more} type="time" />;
        case 'instant': return <input {...more} type="datetime-local" />;
        case 'number': return <input {...more} type="number" step="any" />;
        case 'phone': return <input {...more} type="tel" />;
        default: return <input {...more} type="text" />;
      }
    }
  }
}

function Many({ field, shown, disabled, id, onChange }: { field: Field; shown: readonly string[]; disabled: boolean; id: string; onChange(value: readonly string[]): void }) {
  return (
    <span class="ticks" id={id}>{field.values?.map((value) => (
      <label key={value} class="tick"><input type="checkbox" name={`${field.name}-${value}`} disabled={disabled} checked={shown.includes(value)} onChange={(event) => onChange(event.currentTarget.checked ? [...shown, value] : shown.filter((v) => v !== value))} />{textOf(field, value)}</label>
    ))}</span>
  );
}
