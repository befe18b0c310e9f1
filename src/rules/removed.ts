/** Removed (未佩戴): a watch lies on the table, so it cannot help its wearer. */
import { technical } from './technical.ts';

export const removed = technical('removed', 'D2');
