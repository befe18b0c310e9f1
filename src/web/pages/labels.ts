/**
 * Labels to print (FEATURES 2.9, F7): `/labels/devices` for boxes, `/labels/doors` for doors. A device's label names it and holds no secret; a door's
 * label tells a passer-by nothing but the number of the duty room. Whoever prints doors is written down.
 */
import type { FastifyReply } from 'fastify';
import { Type } from 'typebox';
import { deviceLabel, doorAddress } from '#core/label.ts';
import { limits } from '#core/limits.ts';
import { hotline } from '#core/messages.ts';
import { listLabelDevices } from '#store/device-labels.ts';
import { doorLabels } from '#store/door-codes.ts';
import { callerOf } from '#web/access.ts';
import type { App, WebContext } from '#web/context.ts';
import { deviceReaders, fileWriters, listPrefix, placeNames } from '#web/registry.ts';
import { errorAnswers, RegionCodeText } from '#web/schemas.ts';
import { type Label, labelSheet, type Lang, sheetCsp } from './label-sheet.ts';

const words = {
  zh: { devices: '设备标签', doors: '门码标签', print: '用浏览器打印:A4,缩放 100%,每页 24 张(63.5 × 33.9 毫米)。', model: '型号', serial: '序列号', more: '超过一次可打印的数量,请按村或型号分开打印。', help: '有急事请打', duty: '值班室', home: '户编号', none: '没有可打印的标签。' },
  en: { devices: 'Device labels', doors: 'Door labels', print: 'Print from the browser: A4, scale 100 %, 24 a page (63.5 × 33.9 mm).', model: 'Model', serial: 'Serial', more: 'More than fit one printing: print by village or model.', help: 'In an emergency call', duty: 'duty room', home: 'Home', none: 'Nothing to print.' },
} as const;
const Language = Type.Optional(Type.String({ maxLength: 10 }));

export function registerLabels(app: App, ctx: WebContext): void {
  const send = (reply: FastifyReply, lang: Lang, title: string, labels: readonly Label[]): FastifyReply => {
    const shown = labels.slice(0, limits.labelRows);
    const w = words[lang];
    const note = shown.length === 0 ? w.none : `${w.print}${labels.length > shown.length ? ` ${w.more}` : ''}`;
    return reply.headers({ 'content-type': 'text/html; charset=utf-8', 'content-security-policy': sheetCsp, 'cache-control': 'no-store', 'referrer-policy': 'no-referrer' })
      .serializer((text: unknown) => String(text)).send(labelSheet(lang, { title: `${title} · ${shown.length}`, note, labels: shown }).text);
  };
  const langOf = (text: string | undefined): Lang => (text === 'en' ? 'en' : 'zh');

  app.get('/labels/devices', {
    config: { access: deviceReaders },
    schema: {
      summary: 'A sheet of labels for devices, to print: a code that names the device, its id, model and serial number; no secret', tags: ['devices'], produces: ['text/html'],
      querystring: Type.Object({ lang: Language, region: Type.Optional(RegionCodeText), model: Type.Optional(Type.String({ maxLength: 64 })), life: Type.Optional(Type.String({ maxLength: 20 })), ids: Type.Optional(Type.String({ maxLength: 80_000, description: 'ids with commas between them' })) }, { additionalProperties: false }),
      response: { 200: Type.String(), ...errorAnswers },
    },
  }, async (request, reply) => {
    const { lang: asked, region, model, life, ids } = request.query;
    const lang = langOf(asked);
    const w = words[lang];
    const prefix = listPrefix(callerOf(request), region);
    const devices = prefix === null ? [] : await listLabelDevices(ctx.db, { prefix, model: model ?? null, stock: life === 'stock', ids: ids === undefined ? null : ids.split(',').filter(Boolean), limit: limits.labelRows + 1 });
    return send(reply, lang, w.devices, devices.map((d) => ({ code: deviceLabel(d.id), title: d.id, lines: [`${w.model} ${d.model}`, ...(d.serial === null ? [] : [`${w.serial} ${d.serial}`])] })));
  });

  app.get('/labels/doors', {
    config: { access: fileWriters },
    schema: {
      summary: 'A sheet of door codes, to print: of one home, or of all homes of a region that have one; nobody’s name or address. Audited.', tags: ['files'], produces: ['text/html'],
      querystring: Type.Object({ lang: Language, region: Type.Optional(RegionCodeText), home: Type.Optional(Type.String({ maxLength: 64 })) }, { additionalProperties: false }),
      response: { 200: Type.String(), ...errorAnswers },
    },
  }, async (request, reply) => {
    const { lang: asked, region, home } = request.query;
    const lang = langOf(asked);
    const w = words[lang];
    const caller = callerOf(request);
    const prefix = listPrefix(caller, region);
    const doors = prefix === null ? [] : await doorLabels(ctx.db, ctx.seal, { prefix, home: home ?? null, limit: limits.labelRows + 1 });
    if (doors.length > 0) await ctx.audit({ actor: caller.actor, action: 'door.print', ...(home === undefined ? {} : { target: `home:${home}` }), result: 'ok', detail: { region: region ?? caller.scopeCode, count: Math.min(doors.length, limits.labelRows) } });
    const names = await placeNames(ctx.db, [...new Set(doors.map((d) => d.regionCode))]);
    return send(reply, lang, [w.doors, names(region ?? null).village].filter(Boolean).join(' '), doors.map((d) => ({
      code: doorAddress(ctx.settings.publicUrl, d.code), title: lang === 'zh' ? '安铃 一码通' : 'Anling 一码通', lines: [`${w.help}${lang === 'zh' ? '' : ' the '}${w.duty} ${hotline}`, `${w.home} ${d.homeId}`],
    })));
  });
}
