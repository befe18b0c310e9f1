/** The page behind a door code (2.9), zh-CN and English: to anybody the number of the duty room, folded below it the way in for those who were sent. */
import { hotline } from '#core/messages.ts';
import { Html, html } from './html.ts';

export type Lang = 'zh' | 'en';
export const doorStyle = `:root{color-scheme:light}*{box-sizing:border-box}body{margin:0;font:20px/1.5 system-ui,"PingFang SC","Microsoft YaHei",sans-serif;color:#111;background:#f3f4f6}
main{max-width:34rem;margin:0 auto;padding:12px}h1{font-size:26px;margin:8px 0}p{margin:6px 0}.card{background:#fff;border:2px solid #d0d5db;border-radius:10px;padding:12px;margin:10px 0}.told{background:#fff7e0;border-color:#8a5a00}
button,.call,.go{display:block;width:100%;min-height:60px;margin:10px 0;padding:12px;font:inherit;font-size:23px;font-weight:700;border-radius:10px;border:2px solid #1f5fbf;background:#fff;color:#1f5fbf;text-align:center;text-decoration:none}
.call{background:#1f5fbf;color:#fff}input{width:100%;min-height:56px;font:inherit;padding:6px 10px}summary{min-height:56px;padding:14px 0}a{color:#1f5fbf}.lang{float:right;min-height:48px;padding:8px 0}`;

const words = {
  zh: {
    title: '安铃 一码通', lead: '有急事、看到老人需要帮助,请打值班室:', call: '打值班室', staff: '我是值班室派来的', arrived: '我到门口了', slip: '短信链接里最后一段(单码)', installer: '我来安装设备', other: 'English',
    unknown: '这不是本县的门码。', revoked: '这个门码已经作废。', many: '扫的次数太多,请过一分钟再试。', notYours: '没有登记:这扇门不是您手上这一单的,或者这一单已经结束。请打值班室。',
  },
  en: {
    title: 'Anling door code', lead: 'In an emergency, or when an elder needs help, call the duty room:', call: 'Call the duty room', staff: 'The duty room sent me', arrived: 'I am at the door', slip: 'The last part of the link in your message', installer: 'I fit devices here', other: '中文',
    unknown: 'This is no door code of this county.', revoked: 'This door code is not valid any more.', many: 'Too many tries. Try again in a minute.', notYours: 'Not recorded: this is not the door of your slip, or the slip has ended. Please call the duty room.',
  },
} as const;
export type DoorTrouble = 'unknown' | 'revoked' | 'many' | 'notYours';

const tel = `tel:${hotline.replace(/[^\d+]/g, '')}`;
function frame(lang: Lang, body: Html): Html {
  const w = words[lang];
  return html`<!doctype html><html lang="${lang === 'zh' ? 'zh-CN' : 'en'}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1"><meta name="robots" content="noindex,nofollow"><meta name="referrer" content="no-referrer"><meta name="format-detection" content="telephone=no"><title>${w.title}</title><style>${new Html(doorStyle)}</style></head><body><main><a class="lang" href="?lang=${lang === 'zh' ? 'en' : 'zh'}">${w.other}</a>${body}</main></body></html>`;
}
const callDesk = (lang: Lang): Html => html`<p><a class="call" href="${tel}">${words[lang].call} ${hotline}</a></p>`;

/** Why a code opens nothing; the number stands there all the same. */
export const doorTrouble = (lang: Lang, why: DoorTrouble): Html => frame(lang, html`<div class="card told"><h1>${words[lang][why]}</h1></div>${callDesk(lang)}`);

/** The same for every home and for everybody: nothing on it says whose door this is. The script fills in the slips that this telephone has opened. */
export function doorPage(lang: Lang, code: string): Html {
  const w = words[lang];
  const to = `/d/${code}${lang === 'en' ? '?lang=en' : ''}`;
  return frame(lang, html`<h1>${w.title}</h1><div class="card"><p>${w.lead}</p>${callDesk(lang)}</div>
<details class="card" id="sent"><summary>${w.staff}</summary><form method="post" action="${to}"><label>${w.slip}<input name="slips" maxlength="400" autocomplete="off" autocapitalize="none" required></label><button>${w.arrived}</button></form>
<p><a class="go" href="/install?door=${code}">${w.installer}</a></p></details><script src="/d/page.js"></script>`);
}

/** `/d/page.js`: who opened his slip on this telephone has only to press. */
export const doorScript = `(function () {
  'use strict';
  var slips = [];
  try { slips = JSON.parse(localStorage.getItem('anling.slips') || '[]'); } catch (e) {}
  if (!slips.length) return;
  var input = document.querySelector('input[name=slips]');
  input.value = slips.map(function (s) { return s.code; }).join(' ');
  input.parentNode.hidden = true;
  document.getElementById('sent').open = true;
})();
`;
