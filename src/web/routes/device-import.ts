/** Registering from a file (CSV, or XLSX as a spreadsheet has saved it): first what would become of each line, then all good lines in one transaction; sent again it changes nothing. */
import { Type } from 'typebox';
import { cellFaults, type DeviceFileRow, readDeviceFile, readDeviceTable } from '#core/device-file.ts';
import { limits } from '#core/limits.ts';
import { insertDevices } from '#store/device-registry.ts';
import { callerOf } from '#web/access.ts';
import type { App, WebContext } from '#web/context.ts';
import { judgeImport } from '#web/device-import.ts';
import { ApiError, invalid } from '#web/errors.ts';
import { bulkWriters, change } from '#web/registry.ts';
import { keepCopy } from '#web/registration-copy.ts';
import { Secret } from '#web/registry-schemas.ts';
import { errorAnswers, Nullable, OneOf, Shape } from '#web/schemas.ts';
import { newSecret } from '#web/session.ts';
import { readWorkbook } from '#web/workbook.ts';

const columns = '型号, 编号, 序列号, 户编号, 佩戴人编号, 房间, 基站小区, 状态, 厂商接入, 厂商编号, 厂商密钥, 电话号码, SIM到期';

export function registerDeviceImport(app: App, ctx: WebContext): void {
  app.post('/api/v1/devices/import', {
    config: { access: bulkWriters }, bodyLimit: limits.bulkBytes,
    schema: {
      summary: 'A CSV or an XLSX of up to 1,000 devices. Without `register` a dry run: what would become of each line. With it all good lines are registered, all of them or none; a line that is on file already as it says changes nothing', tags: ['devices'],
      body: Shape({
        text: Type.Optional(Type.String({ minLength: 1, maxLength: limits.bulkBytes, description: `a line of column names (${columns}), then one line for each device` })),
        workbook: Type.Optional(Type.String({ minLength: 1, maxLength: limits.bulkBytes, pattern: '^[A-Za-z0-9+/]+={0,2}$', description: `instead of \`text\`: an .xlsx file in base64, at most ${limits.workbookBytes / 1024 / 1024} MiB; its first sheet is read, its first row has the column names` })),
        register: Type.Optional(Type.Integer({ minimum: 1, description: 'how many new lines the dry run has shown; another number now is 409 and nothing is written' })),
      }),
      response: { 200: Shape({
        new: Type.Integer(), there: Type.Integer(), wrong: Type.Integer(), registered: Type.Integer(),
        lines: Type.Array(Shape({
          line: Type.Integer({ description: 'of the file; the column names are line 1' }), result: OneOf(['new', 'there', 'wrong']), id: Nullable(Type.String({ description: 'null: made when it is registered' })), secret: Type.Optional(Secret),
          problems: Type.Array(Shape({ field: Type.String(), why: OneOf(cellFaults), expected: Type.String(), found: Type.String() })),
        })),
      }), ...errorAnswers },
    },
  }, async (request) => {
    const caller = callerOf(request);
    const { text, workbook, register } = request.body;
    const rows = await rowsOf(text, workbook);
    return change(ctx, async (sql) => {
      const { lines, made } = await judgeImport({ sql, seal: ctx.seal, caller }, rows, newSecret);
      const counts = { new: made.length, there: lines.filter((l) => l.result === 'there').length, wrong: lines.filter((l) => l.result === 'wrong').length };
      if (register === undefined) return { result: { ...counts, registered: 0, lines }, audit: [] };
      if (register !== made.length) throw new ApiError('E_CONFLICT', `Nothing was written: ${made.length} lines are new now, not ${register}. Look at the dry run again.`, { more: { new: made.length } });
      await insertDevices(sql, ctx.seal, made.map((m) => m.device));
      const ids = made.map((m) => m.device.id);
      await keepCopy(ctx, sql, ids);
      const done = new Map(made.map((m) => [m.line, m]));
      const told = lines.map((l) => { const m = done.get(l.line); return m ? { ...l, id: m.device.id, secret: m.secret } : l; });
      return { result: { ...counts, registered: made.length, lines: told }, audit: [{ actor: caller.actor, action: 'device.import', result: 'ok', detail: { ids: ids.slice(0, 20), count: ids.length, there: counts.there, wrong: counts.wrong } }] };
    });
  });
}

/** The lines of what was sent, in one of two ways; thrown: what is wrong with the file as a whole. */
async function rowsOf(text: string | undefined, workbook: string | undefined): Promise<DeviceFileRow[]> {
  if ((text === undefined) === (workbook === undefined)) throw invalid([{ field: 'text', expected: 'either `text` (CSV) or `workbook` (XLSX in base64)' }]);
  const field = text === undefined ? 'workbook' : 'text';
  const said = (expected: string, found: string) => invalid([{ field, expected: `${expected}${found === '' ? '' : `; found: ${found}`}` }]);
  const book = workbook === undefined ? null : await readWorkbook(Buffer.from(workbook, 'base64'));
  if (book !== null && 'expected' in book) throw said(book.expected, book.found);
  const read = book === null ? readDeviceFile(text ?? '', limits.bulkRows) : readDeviceTable(book.table, limits.bulkRows);
  if ('problem' in read) throw said(read.expected, read.found);
  return read.rows;
}
