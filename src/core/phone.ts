/**
 * Which telephone numbers a row may hold (FIELD F18, F23): real people have real numbers, demonstration people have numbers
 * that were never assigned, and neither may have the other's: no demonstration ever rings a stranger, and no elder's alarm
 * goes to a number that cannot ring.
 */
import { isDemoNumber } from './provider.ts';

const mobile = /^1[3-9]\d{9}$/;
const landline = /^(?:(?:010|02\d)[2-9]\d{7}|0[3-9]\d{2}[2-9]\d{6,7})$/;
/** Digits as they are stored and compared: without the country code. */
export function phoneDigits(text: string): string {
  return text.replace(/\D/g, '').replace(/^(?:0086|86)(?=1\d{10}$)/, '').replace(/^(?:0086|86)(?=[1-9]\d{9,10}$)/, '0');
}

/** What was expected instead of this number, or null when the row may hold it. */
export function phoneProblem(text: string, demo: boolean): string | null {
  if (!/^[\d\s+()-]{5,24}$/.test(text)) return 'a telephone number: digits, spaces, + ( ) -';
  const digits = phoneDigits(text);
  if (isDemoNumber(digits)) return demo ? null : 'a number that can ring: 154 0425 xxxx and 0598-0350425 belong to the demonstration';
  if (demo) return 'a demonstration number (154 0425 0001 to 9999): demonstration rows never hold a number that could ring somebody';
  if (!mobile.test(digits) && !landline.test(digits)) return 'a mobile number of 11 digits or a landline number with its area code';
  return null;
}
