/** The text and markup of the page of a roll-call's list (2.2), zh-CN and English: a person a card with three large buttons, nothing to load. */
import { clockTime } from '#core/clock.ts';
import { hotline } from '#core/messages.ts';
import { type RollMark, rollMarks, rollTotal, type RollVillage, rollWord } from '#core/rollcall.ts';
import type { RollLink, RollPerson } from '#store/rollcall-reads.ts';
import { Html, html } from './html.ts';

export type Lang = 'zh' | 'en';
export const rollStyle = `:root{color-scheme:light}*{box-sizing:border-box}body{margin:0;font:19px/1.45 system-ui,"PingFang SC","Microsoft YaHei",sans-serif;color:#111;background:#f3f4f6}
main{max-width:36rem;margin:0 auto;padding:10px}h1{font-size:25px;margin:6px 0}h2{font-size:20px;margin:16px 0 4px}p{margin:5px 0}
.c{background:#fff;border:2px solid #d0d5db;border-radius:10px;padding:8px 10px;margin:8px 0}.told{background:#fff7e0;border-color:#8a5a00}.good{background:#e9f6ec;border-color:#1c6b35}.n{font-size:24px;margin-right:8px}i{font-style:normal;color:#b3261e}
.b{display:flex;gap:8px}.b button{flex:1}button,.go{display:block;width:100%;min-height:56px;padding:6px 2px;font:inherit;font-size:20px;font-weight:700;border-radius:10px;border:2px solid #1c6b35;background:#fff;color:#1c6b35;text-align:center;text-decoration:none}
.help{border-color:#b3261e;color:#b3261e}.unreached{border-color:#6b4a00;color:#6b4a00}.go{background:#1f5fbf;border-color:#1f5fbf;color:#fff}input{width:100%;min-height:56px;font:inherit;font-size:24px;padding:6px 10px}.s{font-size:16px;color:#4b5560}a{color:#1f5fbf}summary{min-height:48px;padding:10px 0}.lang{float:right;padding:10px 0}`;

const words = {
  zh: {
    title: '平安清点', of: '人,已查', left: '还没查', done: '已查过', all: '其余都平安', allAsk: '其余 {n} 人您都见到了、都平安吗?', yes: '都平安', no: '返回', change: '改', call: '打电话', callDesk: '打值班室', more: '下一页', first: '从头看', noPhone: '没有电话', mode: { away: '外出', hospital: '住院', evacuated: '已转移' },
    risk: '重点', alone: '独居', deaf: '听不见', weak: '听力弱', helpTold: '已报值班室,正在安排。', complete: '这份名单都查过了,谢谢。', over: '这次清点已经结束,谢谢。', gone: '这个名单码已经过期。', unknown: '没有这个名单码。请核对短信,或打值班室。', many: '输错的次数太多,请过一分钟再试,或打值班室。',
    demo: '演示数据:人都是虚构的', ask: '短信里的名单码', open: '打开', other: 'English', hint: '见到人再按。没有信号时也可以发短信:平安加序号,求助加序号,未加序号。',
  },
  en: {
    title: 'Roll-call', of: 'people, checked', left: 'Not checked yet', done: 'Checked', all: 'All others are safe', allAsk: 'Have you seen all {n} others, and are they safe?', yes: 'All safe', no: 'Back', change: 'change', call: 'Call', callDesk: 'Call the duty room', more: 'Next page', first: 'From the top', noPhone: 'no telephone', mode: { away: 'away', hospital: 'in hospital', evacuated: 'evacuated' },
    risk: 'at risk', alone: 'lives alone', deaf: 'deaf', weak: 'hard of hearing', helpTold: 'The duty room knows and sends somebody.', complete: 'Everybody of this list is checked. Thank you.', over: 'This roll-call has ended. Thank you.', gone: 'This code has expired.', unknown: 'There is no such code. Check the message, or call the duty room.', many: 'Too many wrong codes. Try again in a minute, or call the duty room.',
    demo: 'Demonstration data: nobody here is real', ask: 'The code of the message', open: 'Open', other: '中文', hint: 'Press when you have seen the person. Without a signal a text does as well: 平安 and the number, 求助 and the number, 未 and the number.',
  },
} as const;

const raw = (text: string): Html => new Html(text);
const tel = (number: string): string => `tel:${number.replace(/[^\d+]/g, '')}`;
const query = (lang: Lang, more: Record<string, string> = {}): string => { const q = new URLSearchParams({ ...more, ...(lang === 'en' ? { lang } : {}) }).toString(); return q === '' ? '' : `?${q}`; };

function frame(lang: Lang, body: Html): Html {
  const w = words[lang];
  return html`<!doctype html><html lang="${lang === 'zh' ? 'zh-CN' : 'en'}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1"><meta name="robots" content="noindex,nofollow"><meta name="referrer" content="no-referrer"><meta name="format-detection" content="telephone=no"><title>${w.title}</title><style>${raw(rollStyle)}</style></head><body><main><a class="lang" href="${query(lang === 'zh' ? 'en' : 'zh') || '?'}">${w.other}</a>${body}<p><a class="go" href="${tel(hotline)}">${w.callDesk} ${hotline}</a></p></main></body></html>`;
}

/** Why there is no list to show. */
export const rollMessage = (lang: Lang, why: 'unknown' | 'gone' | 'many'): Html => frame(lang, html`<div class="c told"><h1>${words[lang][why]}</h1></div>${why === 'many' ? false : codeForm(lang)}`);
/** Where a code is typed that came by SMS: texts carry no links. */
export const rollDoor = (lang: Lang): Html => frame(lang, html`<h1>${words[lang].title}</h1>${codeForm(lang)}`);
const codeForm = (lang: Lang): Html => html`<form class="c" method="get" action="/q">${lang === 'en' && html`<input type="hidden" name="lang" value="en">`}<label>${words[lang].ask}<input name="code" maxlength="20" autocomplete="off" autocapitalize="none" required></label><p><button>${words[lang].open}</button></p></form>`;

export type RollPage = { lang: Lang; link: RollLink; villages: readonly (RollVillage & { name: string })[]; people: readonly RollPerson[]; /** people not checked that come before this page */ skip: number; ask: boolean };

export function rollPage({ lang, link, villages, people, skip, ask }: RollPage): Html {
  const w = words[lang];
  const total = rollTotal(villages, link.startedAt);
  const open = people.filter((p) => p.status === 'unchecked');
  const checked = people.filter((p) => p.status !== 'unchecked').sort((a, b) => (b.markedAt ?? 0) - (a.markedAt ?? 0));
  const head = html`<h1>${w.title} · ${villages.map((v) => v.name).join('、')}</h1>${link.demo && html`<p class="c told">${w.demo}</p>`}<p><b>${total.people}</b> ${w.of} <b>${total.checked}</b> (${total.percent}%) · ${clockTime(link.startedAt)}</p>`;
  if (link.state === 'over') return frame(lang, html`${head}<p class="c good">${w.over}</p>`);
  const several = villages.length > 1;
  const nameOf = (p: RollPerson): string => villages.find((v) => v.code === p.regionCode)?.name ?? '';
  const shown = open.slice(skip, skip + pageRows(lang));
  if (ask) return frame(lang, html`${head}<div class="c told"><h1>${w.allAsk.replace('{n}', String(open.length))}</h1><form method="post" action="${query(lang)}"><p><button name="mark" value="rest">${w.yes}</button></p></form><p><a class="go" href="${query(lang) || '?'}">${w.no}</a></p></div>`);
  return frame(lang, html`${head}${total.complete ? html`<p class="c good">${w.complete}</p>` : html`<p class="s">${w.hint}</p>`}<form method="post" action="${query(lang, skip > 0 ? { skip: String(skip) } : {})}">
${shown.length > 0 && html`<h2>${w.left} ${open.length}</h2>`}${shown.map((p, i) => html`${several && nameOf(shown[i - 1] ?? p) !== nameOf(p) || several && i === 0 ? html`<h2>${nameOf(p)}</h2>` : false}${card(p, lang)}`)}
${open.length > skip + shown.length ? html`<p><a class="go" href="${query(lang, { skip: String(skip + shown.length) })}">${w.more}</a></p>` : skip > 0 && html`<p><a class="go" href="${query(lang) || '?'}">${w.first}</a></p>`}
${open.length > 1 && !several && html`<p><a class="go" href="${query(lang, { all: '1' })}">${w.all} (${open.length})</a></p>`}
${checked.length > 0 && html`<h2>${w.done}</h2>${checked.slice(0, pageRows(lang)).map((p) => html`<details class="c${p.status === 'safe' ? ' good' : ' told'}"><summary><b>${p.no}</b> ${p.name} · <b>${rollWord[p.status][lang]}</b> ${p.markedAt !== null && clockTime(p.markedAt)} ${p.status === 'help' && w.helpTold}</summary>${several && html`<p class="s">${nameOf(p)}</p>`}${buttons(p, lang)}</details>`)}`}</form>`);
}

// English words are longer; both stay within 30 KB.
const pageRows = (lang: Lang): number => (lang === 'zh' ? 30 : 25);

function card(p: RollPerson, lang: Lang): Html {
  const w = words[lang];
  const marks = [p.highRisk && w.risk, p.living === 'alone' && w.alone, (p.hearing === 'deaf' || p.hearing === 'weak') && w[p.hearing], p.mode && w.mode[p.mode]].filter((m) => m).join(' ');
  return html`<div class="c" id="n${p.no}"><p><b class="n">${p.no}</b><b>${p.name}</b> <i>${marks}</i><br>${p.place ?? ''} ${p.phone === null ? html`<span class="s">${w.noPhone}</span>` : html`<a href="${tel(p.phone)}">${p.phone}</a>`}</p>${buttons(p, lang)}</div>`;
}

const buttons = (p: RollPerson, lang: Lang): Html => html`<p class="b">${rollMarks.map((m: RollMark) => html`<button${m !== 'safe' && html` class="${m}"`} name="mark" value="${p.regionCode}.${p.no}.${m}">${rollWord[m][lang]}</button>`)}</p>`;
