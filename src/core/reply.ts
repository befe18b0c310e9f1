/**
 * What people answer (FIELD F2): by SMS in their own words, by keypress. "Received" is courtesy, not "I am going"; only a
 * clear yes accepts. A slip may follow: 127 accepts slip 27. Opt-out words never mean anything else (FIELD F21).
 */
import type { AlertAction } from './alert.ts';
import { parseRoll, type RollAnswer } from './rollcall.ts';

export type Answer =
  | { meaning: 'act'; action: Extract<AlertAction, 'accept' | 'seen' | 'decline' | 'depart' | 'arrive' | 'done' | 'need-help'>; slip: number | null }
  /** 8: not available today; 7: back again. */ | { meaning: 'off-today' } | { meaning: 'back' }
  /** 5: the answer to tests and drills, so that none can accept a real alarm. */ | { meaning: 'ring-test' }
  /** 平安 3, 求助 3, 未 3: to a roll-call, by its word; its number is one of that list, no slip. */ | ({ meaning: 'roll-call' } & RollAnswer)
  /** T TD N 退订: the provider mutes this number for ever. */ | { meaning: 'opted-out' }
  | { meaning: 'unknown' };

type Word = Exclude<Answer, { meaning: 'unknown' | 'roll-call' }>;
const act = (action: Extract<Answer, { meaning: 'act' }>['action']): Word => ({ meaning: 'act', action, slip: null });

const digitWords: Record<string, Word> = {
  1: act('accept'), 0: act('decline'), 2: act('arrive'), 3: act('done'), 9: act('need-help'), 8: { meaning: 'off-today' }, 7: { meaning: 'back' }, 5: { meaning: 'ring-test' },
};
const words: [Word, string[]][] = [
  [{ meaning: 'opted-out' }, ['t', 'td', 'n', '退订', '拒收', '退']],
  [act('decline'), ['不去', '去不了', '不能去', '不行', '在外地', '不在', '没空', '零', '〇', 'o', '去不成', '走不开', '不方便', '不', '我不去', '我去不了', '不去了']],
  [act('accept'), ['一', '去', '我去', '马上去', '来了', '我来', '马上来', '就去', '这就去', '马上到', '我马上去', '能去', '可以去', '好我去', '好的我去', '收到马上去', '收到我去', '好马上去', '我现在去', '现在去', '我去看', '我去看看', '去了', '幺', '壹']],
  [act('depart'), ['在路上', '已出发', '出发了', '正在去', '在路上了', '出发', '我出发了', '上路了', '正在路上', '动身了', '已在路上', '我在路上', '我在路上了', '正在赶去']],
  [act('arrive'), ['到了', '到', '已到', '已到达', '我到了', '二', '到了到了', '到现场了', '已经到了']],
  [act('done'), ['办好了', '好了', '处理好了', '处理完了', '没事了', '完成', '三', '已处理']],
  [act('need-help'), ['要支援', '支援', '要帮忙', '来人', '需要支援', '快来人', '救命', '九']],
  [act('seen'), ['收到', '好', '好的', '嗯', '知道了', '知道', 'ok', '行', '明白', '嗯嗯', '哦', '收到了', '好滴', '谢谢', '收到谢谢', '好的收到', '好的知道了', '看到了', '可以', '是', '好好', '👌', '👍']],
  [{ meaning: 'off-today' }, ['外出', '请假', '我外出', '今天请假', '外出了', '八']],
  [{ meaning: 'back' }, ['销假', '我回来了', '回来了', '在岗', '回岗', '我在岗', '已回', '七']],
  [{ meaning: 'ring-test' }, ['五']],
];
const wordOf = new Map(words.flatMap(([word, texts]) => texts.map((text) => [text, word] as const)));

/** Full width to half, blanks and punctuation gone, lower case: ` １ ２７。` is `127`. */
function normalised(text: string): string {
  return text.normalize('NFKC').toLowerCase().replace(/[\s\p{P}\p{S}\p{Cc}\p{Cf}\p{M}]/gu, (c) => (c === '👌' || c === '👍' ? c : ''));
}

/** The digit that stands for an action, as the texts name it. */
export function digitOf(action: Extract<Answer, { meaning: 'act' }>['action']): string {
  return Object.entries(digitWords).find(([, word]) => word.meaning === 'act' && word.action === action)?.[0] ?? '1';
}

/** What an SMS means. Never throws; what is not clearly an answer is `unknown` and is shown to the desk. */
export function parseReply(text: string): Answer {
  const plain = normalised(text.slice(0, 200));
  const word = wordOf.get(plain);
  if (word) return word;
  const roll = parseRoll(text);
  if (roll) return { meaning: 'roll-call', ...roll };
  const digits = /^(?:回复?|答)?([012359])(\d{2})?$/u.exec(plain);
  if (digits) return withSlip(digitWords[digits[1] as string] as Word, digits[2]);
  if (plain === '8' || plain === '回8') return { meaning: 'off-today' };
  if (plain === '7' || plain === '回7') return { meaning: 'back' };
  // Words with a slip beside them: 去27, 27我去, 单号27 不去.
  const around = /^(?:单号?)?(\d{2})号?(?:单)?(\D+)$/u.exec(plain) ?? reversed(/^(\D+?)(?:单号?)?(\d{2})号?(?:单)?$/u.exec(plain));
  const named = around && wordOf.get(around[2] as string);
  if (named) return withSlip(named, around[1]);
  return { meaning: 'unknown' };
}

const reversed = (match: RegExpExecArray | null): [string, string, string] | null => match && [match[0], match[2] as string, match[1] as string];

// Slips are 10 to 99; a test's 5 and an opt-out have none.
function withSlip(word: Word, slip: string | undefined): Answer {
  if (slip === undefined || word.meaning === 'ring-test') return word; // 510: a drill's slip says nothing more
  if (word.meaning !== 'act' || Number(slip) < 10) return { meaning: 'unknown' };
  return { ...word, slip: Number(slip) };
}

/** What a key means during a call: 1 accepts, 0 declines; silence and every other key are no answer. */
export function parseKey(keys: string): Answer {
  const key = normalised(keys);
  if (key === '1') return act('accept');
  if (key === '0') return act('decline');
  return { meaning: 'unknown' };
}

/** One alert somebody may be answering about. */
export type Pending = { alertId: string; slip: number | null; open: boolean; state: 'notified' | 'seen' | 'accepted' | 'arrived' | 'declined' | 'need-help' | 'done'; at: number };
export type Target = { kind: 'one'; alertId: string } | { kind: 'which'; slips: number[] } | { kind: 'none' };

/**
 * Which alert an answer is about: the slip it names; else the only one that waits for such an answer; several: ask back;
 * none waiting: the last one he was told of.
 */
export function targetOf(answer: Extract<Answer, { meaning: 'act' }>, pending: readonly Pending[]): Target {
  const newest = [...pending].sort((a, b) => b.at - a.at);
  const unanswered = (p: Pending): boolean => p.open && (p.state === 'notified' || p.state === 'seen');
  const going = (p: Pending): boolean => p.open && (p.state === 'accepted' || p.state === 'arrived' || p.state === 'need-help');
  if (answer.slip !== null) {
    const named = newest.find((p) => p.slip === answer.slip && p.open) ?? newest.find((p) => p.slip === answer.slip);
    if (named) return { kind: 'one', alertId: named.alertId };
    // A mistyped slip: who believes that he has answered must hear that he has not.
    const slips = newest.filter((p) => unanswered(p) || going(p)).flatMap((p) => (p.slip === null ? [] : [p.slip]));
    return slips.length > 0 ? { kind: 'which', slips } : { kind: 'none' };
  }
  const first = answer.action === 'accept' || answer.action === 'seen' ? unanswered : answer.action === 'decline' ? (p: Pending) => unanswered(p) || p.open && p.state === 'accepted' : going;
  for (const fits of [first, unanswered, going]) {
    const waiting = newest.filter(fits);
    if (waiting.length === 1) return { kind: 'one', alertId: (waiting[0] as Pending).alertId };
    const slips = waiting.flatMap((p) => (p.slip === null ? [] : [p.slip]));
    if (waiting.length > 1) return answer.action === 'seen' || slips.length < 2 ? { kind: 'one', alertId: (waiting[0] as Pending).alertId } : { kind: 'which', slips };
  }
  const last = newest[0];
  return last ? { kind: 'one', alertId: last.alertId } : { kind: 'none' };
}
