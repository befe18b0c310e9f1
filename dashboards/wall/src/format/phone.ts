/** Telephone numbers as people read them. */

/** 15404250001 -> 154 0425 0001: as it is read aloud while dialling. */
export function spaced(phone: string): string {
  return /^1\d{10}$/.test(phone) ? `${phone.slice(0, 3)} ${phone.slice(3, 7)} ${phone.slice(7)}` : phone;
}
