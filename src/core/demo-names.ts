/**
 * Names of the demonstration (FIELD 5): of people born 1930 to 1955 and of those who come after them, and telephone numbers
 * that were never assigned (FF23). One number is one human's, or one household's.
 */
import type { Random } from './demo-random.ts';

const surnames = [...'陈陈陈林林郑郑郭吴吴张杨苏范卢余周罗章'] as const;
const given = {
  male: ['金水', '木生', '文旺', '德发', '清源', '火旺', '开盛', '水生', '土生', '长庚', '天送', '福来', '启明', '宗耀', '世昌', '炳坤', '如松', '庆祥', '秋生', '永泰', '进财', '光辉', '树根', '新民'],
  female: ['秀英', '玉兰', '月娥', '凤珠', '阿妹', '招治', '金花', '桂花', '素珍', '美玉', '梅英', '春香', '秋菊', '银花', '细妹', '兰英', '翠娥', '宝珠', '水莲', '连妹', '碧玉', '桂英', '来弟', '罔市'],
  younger: ['建国', '志强', '小红', '丽华', '永福', '美珍', '文斌', '海燕', '国平', '晓东', '秀琴', '志明', '丽萍', '建华', '伟民', '雪梅'],
} as const;
export type Generation = keyof typeof given;

/** A whole name; one in two hundred has a surname of two characters. */
export function nameOf(random: Random, generation: Generation, surname: string = random.chance(0.005) ? '欧阳' : random.pick(surnames)): string {
  return surname + random.pick(given[generation]);
}

/** The surname of a name as this county has them. */
export function surnameOf(name: string): string {
  return name.startsWith('欧阳') ? '欧阳' : ([...name][0] ?? '陈');
}

/** Mobile numbers of the block 154 0425, 9,999 of them, and landlines 0598-0xxxxxx, a million. */
export type Numbers = { mobile(): string; landline(): string };
/** Where the desk and the rings stand in the block, so that they are found again on the phones page. */
export const numberOf = { seat: 11, shiftLeader: 21, dutyLeader: 31, fireStation: 51, ring: 101, others: 2_001, townLine: 425_101, homeLine: 500_001 } as const;
export const mobileNumber = (n: number): string => `1540425${String(n).padStart(4, '0')}`;
export const landlineNumber = (n: number): string => `05980${String(n).padStart(6, '0')}`;

/** Numbers in order from these on. Throws at the end of the block: it is bounded, and no number is given twice. */
export function numbersFrom(mobile: number, landline: number): Numbers {
  return {
    mobile() {
      if (mobile > 9_999) throw new Error('the block 154 0425 0001 to 9999 is used up');
      return mobileNumber(mobile++);
    },
    landline: () => landlineNumber(landline++),
  };
}
