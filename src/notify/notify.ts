/**
 * Notifying: sender, receipts and reconciliation around one gateway, as one service. Provider settings are read again every
 * second, so that a sign or a template code is corrected without a restart.
 */
import { limits } from '#core/limits.ts';
import { mergeSettings, type ProviderSettings } from '#core/provider.ts';
import type { Logger } from '#ops/log.ts';
import type { Metrics } from '#ops/metrics.ts';
import type { Db } from '#store/pool.ts';
import type { Seal } from '#store/seal.ts';
import { insertReceipt } from '#store/receipts.ts';
import { readSetting } from '#store/settings.ts';
import { hasRealPeople } from '#store/startup.ts';
import { saveTemplateChecks } from '#store/template-check.ts';
import { type Loop, type Service, startLoop } from '#work/loop.ts';
import { type GatewayOptions, openGateway } from './channels/index.ts';
import type { Gateway } from './channels/channel.ts';
import { startReceipts } from './receipts.ts';
import { startReconcile } from './reconcile.ts';
import { startSender } from './sender.ts';
import { createTrouble } from './trouble.ts';

export type NotifyOptions = {
  /** Connections of the emergencies' lanes; of everything else. */ urgentDb: Db; db: Db; seal: Seal; log: Logger; metrics: Metrics;
  /** Null: ANLING_GATEWAY is not set although there are real people. */ gateway: Omit<GatewayOptions, 'settings'> | null;
  /** Standby is on duty and has not handed over: what it has sent must not leave twice. */ held?: () => boolean;
};

const settingsMs = 1_000;
const recheckMs = { good: 10 * 60_000, standin: 1_000, real: 30_000 };

/** Starts everything. Throws E_CONFIG when the gateway cannot be opened. */
export async function startNotify(options: NotifyOptions): Promise<Service> {
  const { db, log, metrics } = options;
  const standin = options.gateway?.kind === 'standin';
  let settings = mergeSettings(await readSetting<Partial<ProviderSettings>>(db, 'provider'), standin);
  const gateway = options.gateway && openGateway({ ...options.gateway, settings: () => settings });
  const trouble = createTrouble(log, metrics);
  const senders = startSender({ ...options, gateway, settings: () => settings, trouble });
  const receipts = startReceipts(options);
  const loops: Loop[] = [...senders, receipts, ...(gateway ? [startReconcile({ ...options, gateway })] : []), ...(gateway?.pull ? [startPull(options, gateway)] : [])];
  const watch = startWatch(options, gateway, (next) => { settings = next; });
  const unlisten = await options.db.listen(['anling_outbox', 'anling_receipt'], (channel) => {
    if (channel === 'anling_receipt') receipts.wake();
    else for (const sender of senders) sender.wake();
  });
  return {
    name: 'notify',
    ready: () => loops.map((loop) => loop.ready()).find((reason) => reason !== null) ?? watch.reason() ?? trouble.reason(),
    async stop() {
      await unlisten();
      await Promise.all([...loops.map((loop) => loop.stop()), watch.loop.stop()]);
    },
  };
}

/** Fetches replies and receipts where nothing can come in; each is a row before it is taken away, so that a crash costs a repeat. */
function startPull(options: NotifyOptions, gateway: Gateway): Loop {
  return startLoop({
    name: 'pull', pollMs: limits.pollMs,
    async turn() {
      for (const item of await gateway.pull?.() ?? []) {
        await insertReceipt(options.db, options.seal, item.kind, item.body);
        await item.taken();
      }
      return false;
    },
    onError: (error, inARow) => { if (inARow === 1 || inARow % 60 === 0) options.log.warn({ error: (error as NodeJS.ErrnoException).code ?? (error as Error).name, inARow }, 'replies could not be fetched'); },
  });
}

/** Reads the settings again, checks the gateway until it answers and then seldom, and sees real people behind the stand-in. */
function startWatch(options: NotifyOptions, gateway: Gateway | null, use: (settings: ProviderSettings) => void): { loop: Loop; reason(): string | null } {
  let missing: string[] = gateway ? ['the gateway was not asked yet'] : [];
  let realPeople = false;
  let nextCheckAt = 0;
  let seen = '';
  const loop = startLoop({
    name: 'gateway', pollMs: settingsMs,
    async turn() {
      const stored = await readSetting<Partial<ProviderSettings>>(options.db, 'provider');
      use(mergeSettings(stored, gateway?.name === 'standin'));
      if (JSON.stringify(stored) !== seen) { seen = JSON.stringify(stored); nextCheckAt = 0; } // whoever corrects a code sees at once whether it holds
      realPeople = gateway?.name === 'standin' && await hasRealPeople(options.db);
      if (gateway && performance.now() >= nextCheckAt) {
        const { missing: found, templates } = await gateway.check();
        await saveTemplateChecks(options.db, gateway.name, templates);
        if (found.join() !== missing.join() && found.length > 0) options.log.error({ missing: found }, 'the gateway is not ready for emergencies');
        missing = found;
        nextCheckAt = performance.now() + recheckMs[found.length === 0 ? 'good' : gateway.real ? 'real' : 'standin'];
      }
      return false;
    },
    onError: (error, inARow) => { if (inARow === 1) options.log.warn({ error: (error as Error).name }, 'watching the gateway failed'); },
  });
  return {
    loop,
    reason() {
      if (!gateway) return 'ANLING_GATEWAY is not set: nothing is sent';
      if (realPeople) return 'no real phone rings: there are real people, but ANLING_GATEWAY is the stand-in';
      return missing[0] ? `gateway: ${missing.join('; ')}` : null;
    },
  };
}
