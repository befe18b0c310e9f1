/** Sheets of labels for A4 (three by eight, 63.5 × 33.9 mm): a code as vectors, a few lines of text, nothing to load; printed by the browser. */
import { createHash } from 'node:crypto';
import encodeQR from 'qr';
import { Html, html } from './html.ts';

export type Lang = 'zh' | 'en';
/** `code`: what the camera reads. `title` is printed in full size, `lines` below it. */
export type Label = { code: string; title: string; lines: readonly string[] };

const style = `@page{size:A4;margin:12mm 7mm}*{box-sizing:border-box}body{margin:0;font:11pt/1.3 system-ui,"PingFang SC","Microsoft YaHei",sans-serif;color:#000;background:#fff}
header{padding:4mm 2mm}h1{font-size:15pt;margin:0}p{margin:1mm 0}ul{list-style:none;margin:0;padding:0;display:grid;grid-template-columns:repeat(3,63.5mm);gap:0 2.5mm}
li{width:63.5mm;height:33.9mm;padding:2mm;display:flex;gap:2mm;align-items:center;overflow:hidden;break-inside:avoid;border:.2mm dotted #999}
svg{width:26mm;height:26mm;flex:none}li div{min-width:0;overflow-wrap:anywhere;font-size:8.5pt}li b{display:block;font-size:10pt}@media print{header{display:none}li{border-color:transparent}}`;
export const sheetCsp = `default-src 'none'; style-src 'sha256-${createHash('sha256').update(style).digest('base64')}'; base-uri 'none'; frame-ancestors 'none'; form-action 'none'`;

/** One path for the whole code, a quiet zone of four modules around it. */
function svg(text: string): Html {
  const rows = encodeQR(text, 'raw', { ecc: 'medium', border: 4 });
  const path = rows.flatMap((row, y) => row.flatMap((dark, x) => (dark ? [`M${x} ${y}h1v1h-1z`] : []))).join('');
  return new Html(`<svg viewBox="0 0 ${rows.length} ${rows.length}" role="img" aria-hidden="true" shape-rendering="crispEdges"><path d="${path}"/></svg>`);
}

/** A whole page. `note` stands above the sheet and is not printed. */
export function labelSheet(lang: Lang, { title, note, labels }: { title: string; note: string; labels: readonly Label[] }): Html {
  return html`<!doctype html><html lang="${lang === 'zh' ? 'zh-CN' : 'en'}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1"><meta name="robots" content="noindex,nofollow"><title>${title}</title><style>${new Html(style)}</style></head>
<body><header><h1>${title}</h1><p>${note}</p></header><ul>${labels.map((l) => html`<li>${svg(l.code)}<div><b>${l.title}</b>${l.lines.map((line) => html`${line}<br>`)}</div></li>`)}</ul></body></html>`;
}
