/** What is opened from the strip and the bars, in one chunk: it is fetched when the desk has had its first row, or when it is asked for. */
import { zhSoon } from '#wall/i18n/soon.zh-CN.ts';
import { learn } from '#wall/i18n/text.ts';
import { FilterDialog } from '#wall/queue/filter-dialog.tsx';
import { BulkDialog } from '#wall/queue/bulk.tsx';
import { FactorDialog, FactorGate } from './factor.tsx';
import { FiguresDialog } from './figures-dialog.tsx';
import { PasswordDialog } from './password.tsx';
import { PinDialog, SeatDialog } from './seat.tsx';
import { SoundDialog } from './sound-dialog.tsx';
import { UnheardDialog } from './unheard.tsx';

learn(zhSoon);
export const asked = { BulkDialog, FactorDialog, FactorGate, FiguresDialog, FilterDialog, PasswordDialog, PinDialog, SeatDialog, SoundDialog, UnheardDialog };
