/** HTML as a template tag: every value is escaped unless it is itself a piece of HTML. */

export class Html {
  readonly text: string;
  constructor(text: string) { this.text = text; }
}
type Value = Html | string | number | null | undefined | false | readonly Html[];

const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };
const escaped = (text: string): string => text.replace(/[&<>"']/g, (c) => entities[c] ?? c);

export function html(parts: TemplateStringsArray, ...values: readonly Value[]): Html {
  return new Html(parts.reduce((out, part, i) => out + part + (i < values.length ? piece(values[i]) : ''), ''));
}

function piece(value: Value): string {
  if (value instanceof Html) return value.text;
  if (Array.isArray(value)) return value.map((v: Html) => v.text).join('');
  return value === null || value === undefined || value === false ? '' : escaped(String(value));
}
