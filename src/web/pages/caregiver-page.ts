/** The text and markup of the caregiver's page, zh-CN and English: large letters, buttons of 56 px and more, nothing to load. */
import { untilWord } from '#core/absence.ts';
import { clockTime } from '#core/clock.ts';
import { convert, type CoordinateSystem, type Position } from '#core/coordinates.ts';
import { type EventKind, kindInfo } from '#core/event.ts';
import { hotline } from '#core/messages.ts';
import { type PartyRole, roleTitle } from '#core/roster.ts';
import type { Candidate, RevealedHome, RevealedPerson } from '#store/alert-detail.ts';
import type { otherSlips, SlipCase } from '#store/caregiver-case.ts';
import { results, resultsFor } from './caregiver-results.ts';
import { type Refusal, refusals } from './caregiver-words.ts';
import { Html, html } from './html.ts';

/** What she can answer: the action of core, in both languages. */
export const answers = {
  accept: { zh: '我去', en: 'I am going' }, decline: { zh: '我去不了', en: 'I cannot go' }, depart: { zh: '出发了', en: 'On my way' }, arrive: { zh: '到了', en: 'I am there' },
  done: { zh: '办好了', en: 'Done' }, 'need-help': { zh: '要支援', en: 'Need help' },
} as const;
export type Answer = keyof typeof answers;
/** About herself, not about this case: not to be called today, and back again. */
export const presence = { 'off-today': { zh: '今天外出，先叫别人', en: 'Away today: call others' }, back: { zh: '我回来了', en: 'I am back' } } as const;
export type Presence = keyof typeof presence;
export type Revealed = { person: RevealedPerson | null; home: RevealedHome | null; contacts: readonly Candidate[] };
type Lang = 'zh' | 'en';

export const style = `:root{color-scheme:light}*{box-sizing:border-box}body{margin:0;font:20px/1.5 system-ui,"PingFang SC","Microsoft YaHei",sans-serif;color:#111;background:#f3f4f6}
main{max-width:34rem;margin:0 auto;padding:12px}#refused{max-width:32.5rem;margin:12px auto 0}h1{font-size:26px;margin:8px 0}h2{font-size:20px;margin:20px 0 6px}p,dl{margin:6px 0}
.card{background:#fff;border:2px solid #d0d5db;border-radius:10px;padding:12px;margin:10px 0}.urgent{border-color:#b3261e}.urgent h1{color:#b3261e}.told{background:#fff7e0;border-color:#8a5a00}.good{background:#e9f6ec;border-color:#1c6b35}
dt{color:#4b5560;font-size:18px;margin-top:8px}dd{margin:0;font-size:21px}button,.call{display:block;width:100%;min-height:60px;margin:10px 0;padding:12px;font:inherit;font-size:23px;font-weight:700;border-radius:10px;border:2px solid #1f5fbf;background:#fff;color:#1f5fbf;text-align:center;text-decoration:none}
button.go,.call{background:#1f5fbf;color:#fff}button.help{border-color:#b3261e;color:#b3261e}.pair{display:flex;gap:8px}.pair button{min-height:56px;margin:6px 0 0;font-size:20px}input{max-width:100%;min-height:56px;font:inherit}.small{font-size:18px;color:#4b5560}a{color:#1f5fbf}.map{display:inline-block;padding:14px 12px 14px 0}.lang{display:block;width:fit-content;min-height:48px;margin-left:auto;padding:8px 0}`;

const words = {
  zh: {
    title: '安铃 · 处警', needed: '值班室请您去看一位老人', elder: '老人', where: '地点', since: '报警时间', times: '重复触发', times2: '次', no: '单号', ask: '能去吗?',
    awayTold: '已登记您外出到', thanks: '已登记您前往,路上注意安全', departTold: '已登记您出发,路上注意安全', arrivedTold: '已登记您到达', doneTold: '已登记办好,谢谢。值班室会回访', declinedTold: '知道了,已转下一位,谢谢告知。能去了也可以再按“我去”', helpTold: '已通知值班室,正在叫人支援', seenTold: '已看到您的回复。能去请按“我去”',
    address: '地址', landmark: '怎么找', car: '车能到', walk: '再步行', minutes: '分钟', key: '钥匙', dog: '有狗,进门小心', person: '老人情况', age: '岁', hearing: { good: '', weak: '听力弱', deaf: '听不见' }, note: '备注', health: '身体情况',
    callElder: '打老人电话', call: '打电话', callDesk: '打值班室', maps: { amap: '高德地图', tencent: '腾讯地图', baidu: '百度地图' }, ambulance: '打急救电话', taken: '已由', taken2: '接单', takenEnd: '您不用再去,谢谢。', closed: '这一单已经办结,谢谢。', unknown: '没有这个链接。请核对短信,或打值班室。',
    expired: '这个链接已经过期:警情早已办结。', demo: '演示数据:这不是真的警情,不用出门', list: '您现在有几单', here: '这一单', kept: '没有信号:您按的已经记下,有信号自动送出。别关这一页。', result: '处理结果', photo: '拍一张照片给值班室(可不拍)', photoSend: '发照片', photoTold: '照片已收到', states: { notified: '未答应', seen: '未答应', accepted: '您去', arrived: '已到', 'need-help': '要支援', declined: '去不了', done: '办好' }, many: '输错的次数太多,请过一分钟再试,或打值班室。', fire: '喊人出来,不要单人进火场。', gas: '不要开灯,不要点火,先开门窗。', other: 'English', backTo: '回到这一单',
  },
  en: {
    title: 'Anling · responder', needed: 'The duty room asks you to look after an elder', elder: 'Elder', where: 'Place', since: 'Alarm at', times: 'repeated', times2: 'times', no: 'Slip', ask: 'Can you go?',
    awayTold: 'Noted that you are away until', thanks: 'Noted that you are going. Take care on the way', departTold: 'Noted that you are on your way. Take care', arrivedTold: 'Noted that you are there', doneTold: 'Noted as done, thank you. The duty room will call back', declinedTold: 'Understood, the next one is asked. If you can go after all, press “I am going”', helpTold: 'The duty room knows and calls for help', seenTold: 'Your answer was seen. If you can go, press “I am going”',
    address: 'Address', landmark: 'How to find it', car: 'A car gets to', walk: 'then on foot', minutes: 'min', key: 'Key', dog: 'There is a dog', person: 'About the elder', age: 'years', hearing: { good: '', weak: 'hard of hearing', deaf: 'deaf' }, note: 'Note', health: 'Health',
    callElder: 'Call the elder', call: 'Call', callDesk: 'Call the duty room', maps: { amap: 'Amap', tencent: 'Tencent map', baidu: 'Baidu map' }, ambulance: 'Call an ambulance', taken: 'Already taken by', taken2: '', takenEnd: 'You need not go. Thank you.', closed: 'This alert is closed. Thank you.', unknown: 'There is no such link. Check the message, or call the duty room.',
    expired: 'This link has expired: the alert was closed some time ago.', demo: 'Demonstration data: this is no real alarm, nobody has to go', list: 'Your slips now', here: 'this one', kept: 'No network: what you pressed is kept and will be sent by itself. Leave this page open.', result: 'What you found', photo: 'A picture for the duty room (if you like)', photoSend: 'Send it', photoTold: 'The picture has come', states: { notified: 'not answered', seen: 'not answered', accepted: 'you go', arrived: 'there', 'need-help': 'need help', declined: 'cannot go', done: 'done' }, many: 'Too many wrong codes. Try again in a minute, or call the duty room.', fire: 'Call people out. Never enter a fire alone.', gas: 'No light, no flame. Open door and windows first.', other: '中文', backTo: 'Back to the alert',
  },
} as const;

const tel = (number: string): string => `tel:${number.replace(/[^\d+]/g, '')}`;
const kindName = (kind: EventKind, lang: Lang): string => kindInfo[kind][lang];

/** A whole page around `body`. */
function frame(lang: Lang, switchTo: string, body: Html): Html {
  const w = words[lang];
  return html`<!doctype html><html lang="${lang === 'zh' ? 'zh-CN' : 'en'}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1"><meta name="robots" content="noindex,nofollow"><meta name="referrer" content="no-referrer"><meta name="format-detection" content="telephone=no"><title>${w.title}</title><style>${raw(style)}</style></head><body><div id="refused" class="card told" role="status" hidden></div><main><a class="lang" href="${switchTo}">${w.other}</a><p id="kept" class="card told" hidden>${w.kept}</p>${body}<p><a class="call" href="${tel(hotline)}">${w.callDesk} ${hotline}</a></p></main><script src="/j/page.js" defer></script></body></html>`;
}
// The style is ours and constant; escaping it would change its hash in the policy.
const raw = (text: string): Html => new Html(text);

/** Why there is no case to show. */
export function messagePage(lang: Lang, why: 'unknown' | 'expired' | 'many'): Html {
  return frame(lang, lang === 'zh' ? '?lang=en' : '?', html`<div class="card told"><h1>${words[lang][why]}</h1></div>`);
}

/** Why something was not taken, and the way back to her case. */
export function refusalPage(lang: Lang, why: Refusal, code: string): Html {
  return frame(lang, link(code, lang === 'zh' ? 'en' : 'zh'), html`<div class="card told"><h1>${refusals[why][lang]}</h1></div><p><a class="call" href="${link(code, lang)}">${words[lang].backTo}</a></p>`);
}

export type SlipPage = { lang: Lang; code: string; slip: SlipCase; revealed: Revealed | null; others: Awaited<ReturnType<typeof otherSlips>> };

export function slipPage({ lang, code, slip, revealed, others }: SlipPage): Html {
  const w = words[lang];
  const late = slip.other !== null && (slip.mine === null || slip.mine === 'notified' || slip.mine === 'seen' || slip.mine === 'declined');
  const body = html`${others.length > 0 && ownList(slip, others, lang)}${slip.demo && html`<p class="card told"><b>${w.demo}</b></p>`}<div class="card urgent"><h1>${kindName(slip.kind, lang)}</h1><p>${w.needed}</p>
<dl>${slip.name && html`<dt>${w.elder}</dt><dd>${revealed?.person?.name ?? slip.name}</dd>`}<dt>${w.where}</dt><dd>${slip.town}${slip.village}</dd>
<dt>${w.since}</dt><dd>${clockTime(slip.openedAt)} (${ageText(slip.now - slip.openedAt, lang)})</dd>${slip.count > 1 && html`<dt>${w.times}</dt><dd>${slip.count} ${w.times2}</dd>`}<dt>${w.no}</dt><dd>${slip.no}</dd></dl>
${slip.kind === 'smoke' && html`<p><b>${w.fire}</b></p>`}${slip.kind === 'gas' && html`<p><b>${w.gas}</b></p>`}</div>
${told(slip, lang, late)}${revealed && wayThere(revealed, lang)}${slip.state !== 'closed' && buttons(slip, link(code, lang), lang, late)}${found(slip, link(code, lang), lang)}
${revealed && picture(slip, link(code, lang, '/photo'), lang)}${slip.state !== 'closed' && absence(slip, link(code, lang), lang, late)}`;
  return frame(lang, link(code, lang === 'zh' ? 'en' : 'zh'), body);
}

const link = (code: string, lang: Lang, more = ''): string => `/j/${encodeURIComponent(code)}${more}${lang === 'en' ? '?lang=en' : ''}`;

/** Several alarms at once: all of hers on top, the oldest first, each answered from here. */
function ownList(slip: SlipCase, others: SlipPage['others'], lang: Lang): Html {
  const w = words[lang];
  const state = (mine: SlipCase['mine']): string => (mine === null ? w.states.notified : w.states[mine]);
  const here = { openedAt: slip.openedAt, part: html`<p class="card"><b>${w.no} ${slip.no} · ${kindName(slip.kind, lang)} · ${slip.village} · ${clockTime(slip.openedAt)}</b> ${w.here}${slip.state !== 'closed' && html` · ${state(slip.mine)}`}</p>` };
  const rest = others.map((o) => ({
    openedAt: o.openedAt, part: html`<div class="card"><a href="${link(o.code, lang)}">${w.no} ${o.no} · ${kindName(o.kind, lang)} · ${o.village} · ${clockTime(o.openedAt)}</a> ${state(o.mine)}${(o.mine === null || o.mine === 'notified' || o.mine === 'seen') && html`<form class="pair" method="post" action="${link(o.code, lang)}" data-no="${o.no}">${(['accept', 'decline'] as const).map((a) => html`<button name="action" value="${a}">${answers[a][lang]}</button>`)}</form>`}</div>`,
  }));
  return html`<h2>${w.list} (${others.length + 1})</h2>${[here, ...rest].sort((a, b) => a.openedAt - b.openedAt).map((x) => x.part)}`;
}

/** One picture of what she finds; without a script the telephone sends it as it is. */
function picture(slip: SlipCase, to: string, lang: Lang): Html {
  const w = words[lang];
  return html`<form class="card" method="post" enctype="multipart/form-data" action="${to}" data-no="${slip.no}"><label>${w.photo}<input type="file" name="photo" accept="image/*" capture="environment" required></label><button>${w.photoSend}</button>${slip.photo && html`<p>${w.photoTold}</p>`}</form>`;
}

/** What has become of it: closed, taken by another, or her own last answer. */
function told(slip: SlipCase, lang: Lang, late: boolean): Html | false {
  const w = words[lang];
  if (slip.state === 'closed') return html`<div class="card good"><p>${w.closed}</p></div>`;
  if (late && slip.other) return html`<div class="card told"><p>${w.taken} <b>${slip.other.name}${lang === 'zh' && html` (${roleTitle[slip.other.role as PartyRole] ?? ''})`}</b> ${w.taken2} ${clockTime(slip.other.at)}</p><p>${w.takenEnd}</p></div>`;
  const text = slip.mine === 'accepted' ? (slip.departed ? w.departTold : w.thanks) : slip.mine === 'arrived' ? w.arrivedTold : slip.mine === 'done' ? w.doneTold : slip.mine === 'declined' ? w.declinedTold : slip.mine === 'need-help' ? w.helpTold : slip.mine === 'seen' ? w.seenTold : null;
  return text !== null && html`<div class="card good"><p>${text}</p></div>`;
}

function buttons(slip: SlipCase, to: string, lang: Lang, late: boolean): Html {
  const isGoing = slip.mine === 'accepted' || slip.mine === 'arrived' || slip.mine === 'need-help';
  const shown: Answer[] = late || slip.mine === 'done' ? [] : isGoing ? (slip.mine === 'accepted' ? [...(slip.departed ? [] : ['depart' as const]), 'arrive', 'need-help', 'decline'] : ['need-help']) : slip.mine === 'declined' ? ['accept'] : ['accept', 'decline', 'arrive', 'done', 'need-help'];
  if (shown.length === 0) return html``;
  return html`<form method="post" action="${to}" data-no="${slip.no}">${!isGoing && html`<h2>${words[lang].ask}</h2>`}${shown.map((a, i) => html`<button name="action" value="${a}"${i === 0 && html` class="go"`}${a === 'need-help' && html` class="help"`}>${answers[a][lang]}</button>`)}</form>`;
}

/** 处理结果, once she goes: one press each, the picture beside it. */
function found(slip: SlipCase, to: string, lang: Lang): Html | false {
  if (slip.state === 'closed' || (slip.mine !== 'accepted' && slip.mine !== 'arrived' && slip.mine !== 'need-help')) return false;
  return html`<form class="card" method="post" action="${to}" data-no="${slip.no}"><h2>${words[lang].result}</h2>${resultsFor(slip.kind).map((r) => html`<button name="action" value="${r}">${results[r][lang]}</button>`)}</form>`;
}

/** 外出: she says so where she reads of the alarm. */
function absence(slip: SlipCase, to: string, lang: Lang, late: boolean): Html | false {
  const away = slip.absentUntil !== null && slip.absentUntil > slip.now;
  const action: Presence = away ? 'back' : 'off-today';
  const busy = slip.mine === 'accepted' || slip.mine === 'arrived' || slip.mine === 'need-help' || slip.mine === 'done';
  if (!away && (late || busy)) return false;
  return html`${away && html`<p class="card told">${words[lang].awayTold} ${untilWord(slip.absentUntil ?? slip.now, slip.now)}</p>`}<form method="post" action="${to}"><button name="action" value="${action}">${presence[action][lang]}</button></form>`;
}

/** Only for her who goes: the way, the door, whom to call. */
function wayThere({ person, home, contacts }: Revealed, lang: Lang): Html {
  const w = words[lang];
  const line = (label: string, value: string | null | undefined | false): Html | false => (value ? html`<dt>${label}</dt><dd>${value}</dd>` : false);
  const car = home && [home.roadEnd, home.walkMinutes === null ? null : `${w.walk} ${home.walkMinutes} ${w.minutes}`].filter((t) => t !== null).join(', ');
  const about = person && [person.language, person.hearing && w.hearing[person.hearing as keyof typeof w.hearing], ...person.riskTags].filter((t) => t).join(', ');
  const maps = home && home.lat !== null && home.lon !== null ? mapLinks([home.lon, home.lat], home.crs as CoordinateSystem) : [];
  return html`<div class="card"><dl>${home && html`${line(w.address, home.address)}${line(w.landmark, home.landmark)}${line(w.car, car)}${line(w.key, home.keyWith)}`}${person && html`${line(w.person, about)}${line(w.health, person.healthNote)}${line(w.note, person.note)}`}</dl>
${home?.dog && html`<p><b>${w.dog}</b></p>`}${maps.length > 0 && html`<p>${maps.map(([name, to]) => html`<a class="map" href="${to}" rel="noreferrer noopener">${w.maps[name]}</a> `)}</p>`}</div>
<a class="call" href="tel:120">${w.ambulance} 120</a>
${person?.phone && html`<a class="call" href="${tel(person.phone)}">${w.callElder} ${person.phone}</a>`}${contacts.map((c) => html`<a class="call" href="${tel(c.phone)}">${w.call} ${c.name} ${lang === 'zh' && html`(${roleTitle[c.role as PartyRole] ?? ''}${c.keyHolder && html` 持钥匙`})`} ${c.phone}</a>`)}`;
}

/** The place on three maps, each in the coordinate system that it takes an unnamed position for; nothing of whose place it is. */
function mapLinks(place: Position, from: CoordinateSystem): ['amap' | 'tencent' | 'baidu', string][] {
  const at = (to: CoordinateSystem): string[] => convert(place, from, to).map((degrees) => String(Math.round(degrees * 1e6) / 1e6));
  const [lon, lat] = at('wgs84');
  const there = encodeURIComponent('处警地点');
  return [
    ['amap', `https://uri.amap.com/marker?position=${lon},${lat}&coordinate=wgs84`],
    ['tencent', `https://apis.map.qq.com/uri/v1/marker?marker=coord:${at('gcj02').reverse().join(',')};title:${there};addr:${there}&referer=anling`],
    ['baidu', `https://api.map.baidu.com/marker?location=${at('bd09').reverse().join(',')}&title=${there}&content=${there}&output=html&src=anling`],
  ];
}

/** 3分20秒, 2小时5分; 3 min 20 s. */
function ageText(ms: number, lang: Lang): string {
  const s = Math.max(0, Math.floor(ms / 1000));
  const [h, m, rest] = [Math.floor(s / 3600), Math.floor((s % 3600) / 60), s % 60];
  if (lang === 'zh') return `已过${h > 0 ? `${h}小时${m}分` : m > 0 ? `${m}分${rest}秒` : `${rest}秒`}`;
  return `${h > 0 ? `${h} h ${m} min` : m > 0 ? `${m} min ${rest} s` : `${rest} s`} ago`;
}
