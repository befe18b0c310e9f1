/**
 * What a file is found by besides its own id: exact name, surname, pinyin initials, whole number, its last four digits. Pure words
 * here; the store turns each into a keyed mark, so that the database learns only which rows share one.
 */
import { surnameOf } from './messages.ts';
import { phoneDigits } from './phone.ts';

/** The first characters of each letter in the pinyin order of the language's own collation: no table of readings is needed. */
const firstOf = [...'阿八嚓哒妸发旮哈讥咔垃妈拏噢妑七呥仨它穵夕丫帀'];
const letters = 'ABCDEFGHJKLMNOPQRSTWXYZ';
/** Surnames that are read otherwise than the same character elsewhere. */
const surnameReadings: Readonly<Record<string, string>> = { 单: 'S', 曾: 'Z', 查: 'Z', 解: 'X', 区: 'O', 翟: 'Z', 仇: 'Q', 朴: 'P', 乐: 'Y', 盖: 'G', 尉: 'W', 缪: 'M', 覃: 'Q', 种: 'C', 员: 'Y', 晁: 'C' };
const order = new Intl.Collator('zh-u-co-pinyin');

function letterOf(char: string): string {
  if (/^[A-Za-z0-9]$/.test(char)) return char.toUpperCase();
  if (!/^\p{Script=Han}$/u.test(char)) return '';
  return letters[firstOf.findLastIndex((first) => order.compare(char, first) >= 0)] ?? '';
}

/** 陈金水: CJS; what has no reading is left out. */
export function initialsOf(name: string): string {
  const [first = '', ...rest] = [...name.trim()];
  return (surnameReadings[first] ?? letterOf(first)) + rest.map(letterOf).join('');
}

/** The marks of a row with this name and number. */
export function marksOf(name: string, phone: string | null): string[] {
  const initials = initialsOf(name);
  const marks = [`name:${name.trim()}`, `surname:${surnameOf(name.trim())}`];
  if (initials.length > 1) marks.push(`initials:${initials}`);
  const digits = phone === null ? '' : phoneDigits(phone);
  if (digits.length >= 4) marks.push(`phone:${digits}`, `tail:${digits.slice(-4)}`);
  return marks;
}

/**
 * What was typed as marks that must all be there, or null where it can only be an id or a number: words of four digits are the end
 * of a telephone number, of more its whole, of 2 to 6 letters initials; one Chinese character (or a double surname) is a surname.
 */
export function wantedMarks(text: string): { marks: string[]; /** every word is of a telephone number */ onlyPhone: boolean } {
  const whole = text.trim();
  const phone = (word: string): string | null => (/^\d{4}$/.test(word) ? `tail:${word}` : /^\+?[\d\s()-]{5,24}$/.test(word) && phoneDigits(word).length >= 5 ? `phone:${phoneDigits(word)}` : null);
  const asWhole = phone(whole);
  if (asWhole !== null) return { marks: [asWhole], onlyPhone: true };
  const words = whole.split(/\s+/u);
  const known = words.map((word) => phone(word) ?? (/^[A-Za-z]{2,6}$/.test(word) ? `initials:${word.toUpperCase()}` : surnameOf(word) === word ? `surname:${word}` : `name:${word}`));
  // A name may hold spaces itself; several words mean something only when at least one of them is not a name.
  const marks = words.length > 1 && known.every((mark) => mark.startsWith('name:') || mark.startsWith('initials:')) ? [`name:${whole}`] : known;
  return { marks, onlyPhone: marks.every((mark) => mark.startsWith('tail:') || mark.startsWith('phone:')) };
}
