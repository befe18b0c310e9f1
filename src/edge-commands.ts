/** Commands downwards as rows, composed for the edge: claimed under a lease, settled, answered; what a device says of its settings is written down with them. */
import { reportedOf } from '#core/device-config.ts';
import { limits } from '#core/limits.ts';
import { answerCommand, claimCommands, expireCommands, openCommands, settleCommand } from '#store/commands.ts';
import { reportSettings, settingsAnswered } from '#store/device-config.ts';
import type { Db } from '#store/pool.ts';
import type { Seal } from '#store/seal.ts';
import { encodeCommand } from '#vendors/anling/encode.ts';

/** Commands downwards as rows, over connections that the alarm path does not share. */
export function commandStore(db: Db, seal: Seal, edge: string) {
  return {
    open: (after: string) => openCommands(db, after, limits.commandRows),
    expire: () => db.tx((sql) => expireCommands(sql, limits.commandRows)),
    claim: async (ids: readonly string[]) => (await claimCommands(db, seal, ids, edge)).map(({ args, ...c }) => ({ ...c, payload: encodeCommand({ id: `c${c.id}`, name: c.name, args }) })),
    settle: (command: { id: string; name: string; token: string }, outcome: 'acknowledged' | 'due' | 'failed') => db.tx(async (sql) => {
      if (command.name === 'config' && outcome === 'acknowledged') await settingsAnswered(sql, seal, command.id, outcome);
      await settleCommand(sql, command, outcome);
    }),
    async answered({ id, ...answer }: { deviceId: string; id: string; ok: boolean; data: unknown }) {
      const own = /^c([1-9]\d{0,17})$/.exec(id)?.[1];
      // What a device says of its settings unasked has this id.
      if (id === 'config') { await db.tx((sql) => reportSettings(sql, seal, answer.deviceId, reportedOf(answer.data))); return; }
      if (own === undefined) return;
      await db.tx(async (sql) => {
        await settingsAnswered(sql, seal, own, answer);
        await answerCommand(sql, seal, { ...answer, id: own });
      });
    },
    listen: (wake: () => void) => db.listen(['anling_command'], wake),
  };
}
