/**
 * What the house does for installations without being asked: it looks at those that run, so that a telephone may be without network while the
 * device is tested, and it ends probations: accepted, or to be done again with reasons (2.3).
 */
import { probationReasons } from '#core/probation.ts';
import { limits } from '#core/limits.ts';
import { appendAudit } from '#store/audit.ts';
import { seeProbation } from '#store/installation-facts.ts';
import { endingProbations, findInstallation, lockInstallation, moveInstallation, runningInstallations } from '#store/installations.ts';
import { revokeCertificate } from '#store/certificates.ts';
import { type Loop, startLoop } from '#work/loop.ts';
import type { WebContext } from './context.ts';
import { look } from './installation-look.ts';

type Looking = Pick<WebContext, 'db' | 'seal' | 'log'>;

/** Writes down what is proven of every running installation; one that fails does not keep the others. */
export async function installationTurn({ db, seal, log }: Looking): Promise<boolean> {
  for (const id of await runningInstallations(db)) {
    const i = await findInstallation(db, seal, id);
    if (i) await look(db, i).catch((error: Error) => { log.warn({ error: error.message, installation: id }, 'an installation could not be looked at'); });
  }
  return false;
}

/** Ends the probations whose days are over, or whose device has left its place; answers how many. */
export async function probationTurn({ db, seal, log }: Looking): Promise<number> {
  const ids = await endingProbations(db);
  for (const id of ids) {
    await db.tx(async (sql) => {
      const i = await lockInstallation(sql, seal, id);
      if (i?.state !== 'on-site' || i.deviceId === null || i.finishedAt === null) return;
      const reasons = probationReasons(await seeProbation(sql, { deviceId: i.deviceId, homeId: i.homeId, personId: i.personId }, i.finishedAt));
      await moveInstallation(sql, seal, id, { state: reasons.length === 0 ? 'accepted' : 'to-redo', reasons, decided: true });
      if (reasons.length > 0) await revokeCertificate(sql, id, reasons[0] ?? '');
      await appendAudit(sql, seal, [{ actor: 'system:probation', action: reasons.length === 0 ? 'installation.accepted' : 'installation.to-redo', target: `installation:${id}`, result: 'ok', detail: { deviceId: i.deviceId, reasons } }]);
    });
  }
  if (ids.length > 0) log.info({ probations: ids.length }, 'probations ended');
  return ids.length;
}

export function startInstallations(ctx: Looking): Loop {
  let judgedAt = Number.NEGATIVE_INFINITY;
  return startLoop({
    name: 'installations', pollMs: limits.installLookMs,
    async turn() {
      await installationTurn(ctx);
      const now = performance.now();
      if (now - judgedAt < limits.probationLookMs) return false;
      const ended = await probationTurn(ctx);
      if (ended < limits.installRows) judgedAt = now;
      return false;
    },
    onError: (error, inARow) => { if (inARow === 1 || inARow % 60 === 0) ctx.log.error({ error: (error as Error).message, inARow }, 'installations could not be looked at'); },
  });
}
