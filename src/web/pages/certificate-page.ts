/** What the public page of a certificate says: nothing that names anybody, in the language of the county and in English. */
import { html, Html } from './html.ts';

export type Lang = 'zh' | 'en';
export const certificateStyle = `*{box-sizing:border-box}body{margin:0 auto;max-width:34rem;padding:1rem;font:18px/1.5 system-ui,"PingFang SC","Microsoft YaHei",sans-serif;color:#111;background:#fff}h1{font-size:1.4rem}h2{font-size:1.2rem;padding:.6rem;border:3px solid;border-radius:.4rem}.genuine{color:#0a5c2b}.bad{color:#a40000}.off{color:#7a4b00}dl{display:grid;grid-template-columns:auto 1fr;gap:.3rem 1rem}dt{color:#555}dd{margin:0;overflow-wrap:anywhere}label{display:block;margin:.8rem 0}input,button{font:inherit;width:100%;min-height:56px;padding:.4rem .6rem}a{color:#0645ad}`;

const words = {
  zh: {
    title: '验收证书核对', genuine: '真证书，与平台底册一致', revoked: '证书已撤销', 'to-redo': '证书真实，但须复装', altered: '不一致：这不是平台底册上的证书，或有记录被改动', unknown: '查无此证书', many: '输错太多次，请一分钟后再试', ask: '请输入证书上的编号和校验码',
    number: '编号', code: '校验码', check: '核对', name: '老人', device: '设备', town: '乡镇', issued: '签发', state: '状态', probation: '现场合格，试用期至', accepted: '已验收', other: 'English', note: '本页不显示个人信息。',
  },
  en: {
    title: 'Check a certificate', genuine: 'Genuine: it is what the house has on file', revoked: 'The certificate has been revoked', 'to-redo': 'Genuine, but the installation is to be done again', altered: 'Not the same: this is not the certificate on file, or a record has been changed', unknown: 'There is no such certificate', many: 'Too many wrong codes: try again in a minute', ask: 'Type the number and the code of the certificate',
    number: 'Number', code: 'Code', check: 'Check', name: 'Elder', device: 'Device', town: 'Town', issued: 'Issued', state: 'State', probation: 'Passed on site, probation until', accepted: 'Accepted', other: '中文', note: 'This page shows nothing personal.',
  },
} as const;
export type Finding = 'genuine' | 'revoked' | 'to-redo' | 'altered' | 'unknown' | 'many' | 'ask';
/** What may be seen by whoever holds the paper: the names masked to 陈**. */
export type Shown = { number: string; names: string; device: string; town: string; issued: string; accepted: boolean; probationUntil: string };

/** A whole page; `shown` only with the right code. `id`: what the form is about, when it is known. */
export function certificatePage(lang: Lang, finding: Finding, shown: Shown | null, id: string | null): Html {
  const w = words[lang];
  const kind = finding === 'genuine' ? 'genuine' : finding === 'revoked' || finding === 'to-redo' ? 'off' : 'bad';
  const query = lang === 'zh' ? '?lang=en' : '?lang=zh';
  return html`<!doctype html><html lang="${lang === 'zh' ? 'zh-CN' : 'en'}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1"><meta name="robots" content="noindex,nofollow"><title>${w.title}</title><style>${new Html(certificateStyle)}</style></head>
<body><h1>${w.title}</h1>${finding === 'ask' ? html`<p>${w.ask}</p>` : html`<h2 class="${kind}">${w[finding]}</h2>`}
${shown === null ? '' : html`<dl><dt>${w.number}</dt><dd>${shown.number}</dd><dt>${w.name}</dt><dd>${shown.names}</dd><dt>${w.device}</dt><dd>${shown.device}</dd><dt>${w.town}</dt><dd>${shown.town}</dd><dt>${w.issued}</dt><dd>${shown.issued}</dd><dt>${w.state}</dt><dd>${finding !== 'genuine' ? w[finding] : shown.accepted ? w.accepted : `${w.probation} ${shown.probationUntil}`}</dd></dl>`}
${shown !== null || finding === 'many' ? '' : html`<form method="get" action="/c"><input type="hidden" name="lang" value="${lang}"><label>${w.number}<input name="id" value="${id ?? ''}" maxlength="40" autocomplete="off" required></label><label>${w.code}<input name="h" maxlength="100" autocomplete="off" required></label><button>${w.check}</button></form>`}
<p>${w.note}</p><p><a href="/c${id === null ? '' : `/${id}`}${query}">${w.other}</a></p></body></html>`;
}
