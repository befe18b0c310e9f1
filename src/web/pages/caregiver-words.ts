/** Why something of hers was not taken, in both languages: for the page, and for the script, which says it of a press that was sent later. */
import { limits } from '#core/limits.ts';

const megabytes = Math.floor(limits.photoBytes / 1024 / 1024);
export const refusals = {
  'not-going': { zh: '先按“我去”,才能发照片', en: 'Press “I am going” first, then send pictures' },
  pictures: { zh: `照片够了:每人最多 ${limits.photosPerLink} 张,一单最多 ${limits.photosPerCase} 张。有新情况请打值班室`, en: `Enough pictures: at most ${limits.photosPerLink} of one person, ${limits.photosPerCase} of one alert. Call the duty room with news` },
  large: { zh: `照片太大,最多 ${megabytes} MB`, en: `The picture is too large, at most ${megabytes} MB` },
  picture: { zh: '不是完整的照片(JPEG、PNG、WebP),请重拍一张', en: 'This is not a whole picture (JPEG, PNG, WebP). Take it again' },
} as const;
export type Refusal = keyof typeof refusals;

/** The same of a press that had waited, and of what never reaches the case; `other`: what nobody has thought of. */
export const lateRefusals = {
  ...refusals, closed: { zh: '这一单已经办结', en: 'the alert is closed' }, taken: { zh: '已由别人接单,您不用再去', en: 'somebody else has taken it, you need not go' },
  expired: { zh: '链接已经过期', en: 'the link has expired' }, unknown: { zh: '没有这个链接', en: 'there is no such link' },
  old: { zh: `没有信号超过 ${limits.keptMs / 3_600_000} 小时`, en: `there was no network for more than ${limits.keptMs / 3_600_000} hours` }, other: { zh: '系统没有收下,请打值班室', en: 'it was not taken; call the duty room' },
} as const;
/** The sentence around it: what was pressed, when, of which slip, why it does not count; and the button that puts it away. */
export const refusedWords = {
  zh: { line: '{time} 按的“{what}”{slip}没有登记:{why}。', slip: '(单号 {no})', photo: '发照片', dismiss: '知道了' },
  en: { line: '{time}: “{what}”{slip} was not recorded: {why}.', slip: ' (slip {no})', photo: 'Send the picture', dismiss: 'I see' },
} as const;
