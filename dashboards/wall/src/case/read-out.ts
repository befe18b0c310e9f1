/** What to read to 120 (FIELD 8): where first, then who and what, how a car gets there. One text, so that nothing is forgotten at night. */
import type { AlertView } from '#core/live.ts';
import type { RevealedCase } from '#wall/api/case.ts';
import { kindInfo } from '#core/event.ts';

/** Always Chinese: it is read to a Chinese dispatcher whatever language the page is in. `year`: of the county's clock. */
export function readOut(county: string, alert: AlertView, plain: RevealedCase, year: number): string {
  const { person, home } = plain;
  const who = person ? `${person.birthYear === null ? '' : `${year - person.birthYear}岁`}${person.sex === 'male' ? '男' : person.sex === 'female' ? '女' : ''}老人` : '老人';
  const address = home?.address ?? '';
  const where = address.startsWith(county) ? address : `${county}${alert.town && address.includes(alert.town) ? '' : alert.town ?? ''}${alert.village && address.includes(alert.village) ? '' : alert.village ?? ''}${address}`;
  const way = [home?.roadEnd ? `车能到${home.roadEnd}` : '', home?.walkMinutes ? `走${home.walkMinutes}分钟` : '', home?.landmark ?? ''].filter(Boolean).join('，');
  return `${where}，${who}，${kindInfo[alert.kind].spoken}，神志和呼吸（问到再说）。${way === '' ? '' : `${way}。`}${person?.phone ? `家里电话${person.phone}。` : ''}不先挂。`;
}
