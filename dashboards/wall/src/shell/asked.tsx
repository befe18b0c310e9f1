/** What is opened from the strip and the bars, in one chunk: it is fetched when the desk has had its first row, or when it is asked for. */
import { zhSoon } from '#wall/i18n/soon.zh-CN.ts';
import { learn } from '#wall/i18n/text.ts';
import { FactorDialog, FactorGate } from './factor.tsx';
import { FiguresDialog } from './figures-dialog.tsx';
import { PasswordDialog } from './password.tsx';
import { PinDialog, SeatDialog } from './seat.tsx';
import { UnheardDialog } from './unheard.tsx';

learn(zhSoon);
export const asked = { FactorDialog, FactorGate, FiguresDialog, PasswordDialog, PinDialog, SeatDialog, UnheardDialog };
