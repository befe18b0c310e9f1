/** Tables as files for a spreadsheet: UTF-8 with its mark, CRLF, every cell quoted; nothing is a formula, and no long number loses its digits. */

// A cell that begins like a formula would be run, and 350425201001 would become 3.5E+11: a leading tab makes both plain text.
const cell = (value: string | number): string => `"${(/^[=+\-@\t\r]|^\d{8,}$/.test(String(value)) ? `\t${value}` : String(value)).replaceAll('"', '""')}"`;

export function csvOf(head: readonly string[], rows: Iterable<readonly (string | number)[]>): string {
  return `\uFEFF${[head, ...rows].map((row) => row.map(cell).join(',')).join('\r\n')}\r\n`;
}
