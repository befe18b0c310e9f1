/** What the role `flows` is made of: the keeper, with the flows' token made anew for this life. A part of the composition root (engine.ts). */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { Config } from '#config';
import { startKeeper } from '#flows/keeper.ts';
import { startTrials } from '#flows/trial.ts';
import type { Service } from '#work/loop.ts';
import type { Logger } from '#ops/log.ts';
import type { Metrics } from '#ops/metrics.ts';
import { type FlowsTokenId, renewFlowsToken } from '#store/flows.ts';
import type { Db } from '#store/pool.ts';
import type { Seal } from '#store/seal.ts';

type Parts = { config: Pick<Config, 'data' | 'tlsCert' | 'publicUrl' | 'httpPort'>; log: Logger; metrics: Metrics; seal: Seal; db(name: string, max: number, statementMs?: number): Db; say?(name: string, read: () => unknown): void };

/** What flows may do is the API's to say, whether they run is the keeper's. */
export async function startFlows({ config, log, metrics, seal, db: open, say }: Parts, add: <S extends Service>(service: S) => S): Promise<void> {
  const db = open('flows', 2, 4_000);
  const fresh = async (id: FlowsTokenId): Promise<string> => { const token = randomBytes(32).toString('base64url'); await renewFlowsToken(db, seal.secretHash(token), id); return token; };
  const common = { root: join(import.meta.dirname, '..'), db, seal, log, api: config.tlsCert ? config.publicUrl : `http://127.0.0.1:${config.httpPort}` };
  const keeper = add(startKeeper({ ...common, folder: join(config.data, 'flows'), metrics, token: await fresh('flows') }));
  add(startTrials({ ...common, folder: join(config.data, 'flows-trial'), token: await fresh('flows-trial') }));
  say?.('flows', () => keeper.state());
}
