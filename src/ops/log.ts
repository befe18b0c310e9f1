/**
 * The one logger: pino JSON on stdout, with a central redactor. No line may hold a telephone number, an identity
 * number, a secret or a template parameter, wherever it hides: the whole line is filtered as text, because SDK errors
 * carry full URLs with numbers in their messages (PROVIDERS 4).
 */
import { pino, type Logger } from 'pino';

export type { Logger };

const patterns: [RegExp, string][] = [
  [/(?<![0-9A-Za-z.])(?:\+?86|0086)?1[3-9]\d{9}(?!\d)/g, '[phone]'],
  [/(?<!\d)0\d{2,3}-\d{7,8}(?!\d)/g, '[phone]'],
  [/(?<!\d)\d{17}[\dXx](?!\d)/g, '[identity]'],
  [/((?:PhoneNumbers?|CalledNumber|TemplateParam|TtsParam|StartTtsParams|AccessKeyId|Signature|phone_number|callee)(?:=|%3D|"\s*:\s*"|\\"\s*:\s*\\"))[^&"\s\\]*/gi, '$1[redacted]'],
  [/(postgres(?:ql)?:\/\/[^:@/\s]+:)[^@\s]+@/g, '$1[redacted]@'],
];

/** The text without personal data and secrets. */
function redact(text: string): string {
  let out = text;
  for (const [pattern, by] of patterns) out = out.replace(pattern, by);
  return out;
}

/** A logger for one role. `level` is pino's; `write` receives whole lines (default stdout). */
export function createLog(role: string, level: string, write: (line: string) => void = (line) => { process.stdout.write(line); }): Logger {
  return pino(
    {
      level, base: { role, pid: process.pid }, timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: ['password', 'secret', 'token', 'authorization', 'cookie', '*.password', '*.secret', '*.token', '*.authorization', '*.cookie'], censor: '[redacted]' },
    },
    { write: (line: string) => write(redact(line)) },
  );
}
