/** The characters of one member of a JSON object as they were written: a signature is over them, not over an object written anew. */

/** The value of the top-level `member` in `source`, which parses as an object; undefined when it is not there. The last one counts, as for JSON.parse. */
export function rawMember(source: string, member: string): string | undefined {
  let found: string | undefined;
  let at = source.indexOf('{') + 1;
  while (at > 0 && at < source.length) {
    const name = skip(source, at);
    if (source[name] !== '"') break;
    const nameEnd = endOfText(source, name);
    const from = skip(source, skip(source, nameEnd) + 1); // behind the colon
    const end = endOfValue(source, from);
    if (JSON.parse(source.slice(name, nameEnd)) === member) found = source.slice(from, end);
    const next = skip(source, end);
    if (source[next] !== ',') break;
    at = next + 1;
  }
  return found;
}

function skip(source: string, at: number): number {
  while (at < source.length && /\s/.test(source[at] as string)) at++;
  return at;
}

/** Behind the closing quote of the text that begins at `at`. */
function endOfText(source: string, at: number): number {
  for (let i = at + 1; i < source.length; i++) {
    if (source[i] === '\\') i++;
    else if (source[i] === '"') return i + 1;
  }
  return source.length;
}

function endOfValue(source: string, at: number): number {
  let depth = 0;
  for (let i = at; i < source.length; i++) {
    const c = source[i];
    if (c === '"') { i = endOfText(source, i) - 1; if (depth === 0) return i + 1; }
    else if (c === '{' || c === '[') depth++;
    else if (c === '}' || c === ']') { if (depth === 0) return trimmed(source, at, i); if (--depth === 0) return i + 1; }
    else if (c === ',' && depth === 0) return trimmed(source, at, i);
  }
  return source.length;
}

/** A bare value ends before the space behind it. */
function trimmed(source: string, from: number, end: number): number {
  while (end > from && /\s/.test(source[end - 1] as string)) end--;
  return end;
}
