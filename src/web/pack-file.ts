/**
 * 离线清点包 as one file (2.2): an HTML page that any browser on an ordinary PC opens without this house and without a network. What it holds is
 * AES-256-GCM under a key made of the town's passphrase; the page's own script, pinned by its hash, opens it, and nothing may be loaded or sent.
 */
import { createCipheriv, createHash, pbkdf2, randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import { type PackContent, plainPassphrase } from '#core/pack.ts';
import { limits } from '#core/limits.ts';
import { dayOf } from '#core/clock.ts';

const style = `:root{color-scheme:light}*{box-sizing:border-box}body{margin:0;font:16px/1.5 system-ui,"PingFang SC","Microsoft YaHei",sans-serif;color:#111;background:#eef0f3}main{max-width:76rem;margin:0 auto;padding:16px}
h1{font-size:24px;margin:.2em 0}h2{font-size:20px;margin:1.4em 0 .3em}p{margin:.4em 0}.dim{color:#4b5560}.demo,.bad{color:#b3261e;font-weight:700}form{background:#fff;border:2px solid #c9d0d7;border-radius:10px;padding:16px;margin:16px 0}
input{font:20px ui-monospace,Consolas,monospace;padding:10px;width:24rem;max-width:100%;border:2px solid #7d8894;border-radius:8px}button{font:inherit;font-size:18px;font-weight:700;min-height:48px;padding:0 24px;margin:8px 8px 8px 0;border:2px solid #1f5fbf;background:#1f5fbf;color:#fff;border-radius:8px}
table{border-collapse:collapse;width:100%;background:#fff}th,td{border:1px solid #9aa5b0;padding:5px 7px;text-align:left;vertical-align:top}th{background:#f2f4f6;font-size:14px}td.n{text-align:right}td.s{white-space:nowrap}b.risk{color:#b3261e}
@media print{body{background:#fff;font-size:12px}main{max-width:none;padding:0}.screen,form{display:none}section.village{break-before:page}tr{break-inside:avoid}thead{display:table-header-group}}`;

/** Runs in the file. No template of it is ever filled in: what differs stands in the block of data. */
const script = `'use strict';
const pack = JSON.parse(document.getElementById('pack').textContent);
const el = (tag, text, cls) => { const e = document.createElement(tag); if (text !== undefined) e.textContent = text; if (cls) e.className = cls; return e; };
const bytes = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
const plain = (text) => text.normalize('NFKC').toLowerCase().replace(/[^a-z0-9]/g, '');
const out = document.getElementById('out');
const said = document.getElementById('said');
const form = document.querySelector('form');
async function open(passphrase) {
  const base = await crypto.subtle.importKey('raw', new TextEncoder().encode(plain(passphrase)), 'PBKDF2', false, ['deriveKey']);
  const key = await crypto.subtle.deriveKey({ name: 'PBKDF2', hash: 'SHA-256', salt: bytes(pack.salt), iterations: pack.iterations }, base, { name: 'AES-GCM', length: 256 }, false, ['decrypt']);
  const text = await crypto.subtle.decrypt({ name: 'AES-GCM', iv: bytes(pack.iv), additionalData: new TextEncoder().encode(pack.bound) }, key, bytes(pack.data));
  return JSON.parse(new TextDecoder().decode(text));
}
function table(heads, rows) {
  const t = el('table'), head = el('tr'), body = el('tbody'), top = el('thead');
  for (const h of heads) head.append(el('th', h));
  top.append(head); t.append(top, body);
  for (const cells of rows) { const tr = el('tr'); tr.append(...cells); body.append(tr); }
  return t;
}
const whoLine = (r) => r.role + ' ' + r.name + ' ' + r.phone + (r.away ? '(请假)' : '');
function people(title, list) { if (list.length === 0) return []; return [el('h2', title), table(['岗位', '姓名', '电话'], list.map((r) => [el('td', r.role), el('td', r.name + (r.away ? '(请假)' : '')), el('td', r.phone)]))]; }
function village(v) {
  const s = el('section', undefined, 'village');
  s.append(el('h2', v.name + '  ' + v.people.length + ' 人'), el('p', v.responders.length === 0 ? '村里没有登记处警人员:打乡镇值班室。' : v.responders.map(whoLine).join('   ')));
  s.append(table(['号', '姓名', '住处', '电话', '情况', '联系人', '结果'], v.people.map((p) => {
    const name = el('td', p.name, 's'); if (p.away) name.append(el('div', p.away, 'dim'));
    const risk = el('td'); risk.append(p.risk.startsWith('重点') ? el('b', p.risk, 'risk') : p.risk);
    const who = el('td'); for (const c of p.contacts) who.append(el('div', c.relation + ' ' + c.name + ' ' + c.phone + (c.key ? ' 有钥匙' : '')));
    const result = el('td', undefined, 's'); for (const word of ['□安全', '□需帮助', '□未联系上']) result.append(el('div', word));
    return [el('td', String(p.no), 'n'), name, el('td', p.place), el('td', p.phone, 's'), risk, who, result];
  })));
  s.append(el('p', '清点人签字:____________  时间:____________', 'dim'));
  return s;
}
function show(c) {
  form.remove();
  const top = el('div', undefined, 'screen'), print = el('button', '打印');
  print.type = 'button'; print.addEventListener('click', () => window.print());
  top.append(print, el('span', '每村一页。查完把纸交回乡镇,或打值班室报号。', 'dim'));
  out.append(top, ...(c.demo ? [el('p', '演示数据:人、地址、号码都是虚构的', 'demo')] : []), ...people('县值班', c.desk), ...people('乡镇', c.townPeople), ...c.villages.map(village));
}
if (!window.crypto || !crypto.subtle) said.textContent = '这个浏览器打不开加密文件,请换 Chrome、Edge 或 360 极速模式。';
form.addEventListener('submit', (event) => {
  event.preventDefault();
  said.textContent = '正在打开…';
  open(form.elements.passphrase.value).then((c) => { said.textContent = ''; show(c); }, () => { said.textContent = '口令不对,再抄一遍(大小写、横线、空格都不要紧)。口令是 ' + pack.keyed + ' 设的那一个。'; });
});`;
const pin = (text: string): string => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
const csp = `default-src 'none'; script-src ${pin(script)}; style-src ${pin(style)}; base-uri 'none'; form-action 'none'`;
const derive = promisify(pbkdf2);
const escaped = (text: string): string => text.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);

/** The whole file. `keyedAt`: when its passphrase was set, so that a duty room with two envelopes knows which one. */
export async function packFile(content: PackContent, code: string, key: { passphrase: string; setAt: number }): Promise<string> {
  const [salt, iv] = [randomBytes(16), randomBytes(12)];
  const bound = `anling-pack 1 ${code} ${content.made}`; // a file's head cannot be put on another one's body
  const cipher = createCipheriv('aes-256-gcm', await derive(plainPassphrase(key.passphrase), salt, limits.packIterations, 32, 'sha256'), iv).setAAD(Buffer.from(bound));
  const data = Buffer.concat([cipher.update(JSON.stringify(content), 'utf8'), cipher.final(), cipher.getAuthTag()]);
  const block = JSON.stringify({ bound, keyed: dayOf(key.setAt), iterations: limits.packIterations, salt: salt.toString('base64'), iv: iv.toString('base64'), data: data.toString('base64') }).replaceAll('<', '\\u003c');
  const title = escaped(`${content.town} 离线清点包`);
  return `<!doctype html>
<html lang="zh-CN"><head><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="${csp}"><meta name="viewport" content="width=device-width"><title>${title} ${content.made}</title><style>${style}</style></head>
<body><main><h1>${title}</h1><p>${content.made} 的名册 · 口令 ${dayOf(key.setAt)} 设 · 没有网络、没有服务器也能打开</p>
<form autocomplete="off"><label>口令<br><input name="passphrase" autocomplete="off" autocapitalize="off" spellcheck="false" autofocus></label> <button>打开</button></form>
<p id="said" class="bad" role="status"></p><div id="out"></div></main>
<script type="application/json" id="pack">${block}</script><script>${script}</script></body></html>
`;
}
