/** What bytes mean that nobody can read. */
const alarmWords = ['sos', 'fall', 'smoke', 'gas'];

/** Whether bytes that nobody can read may be an emergency: they hold sos, fall, smoke or gas, in any case, anywhere. */
export function maybeP1(bytes: Uint8Array): boolean {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1').replaceAll('\0', '').toLowerCase(); // UTF-16 holds them too
  return alarmWords.some((word) => text.includes(word));
}
