/** 中文:第一行之后马上来的词:打开的警情,和从状态条打开的对话框。 What came with the first row needs none of these: text.test.ts looks. */
import { zhAsked } from './asked.zh-CN.ts';
import { zhCase } from './case.zh-CN.ts';

export const zhSoon = { ...zhAsked, ...zhCase } as const;
