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
