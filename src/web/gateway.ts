/** Which gateway is in use and whether a real phone rings: with real elders on file and the stand-in as gateway none does, and that is said everywhere. */
import type { Sql } from '#store/pool.ts';
import { readDataKind } from '#store/county-status.ts';
import type { WebSettings } from './context.ts';

export type GatewayState = { kind: 'standin' | 'aliyun' | 'http'; realPhones: boolean; /** real elders, but no real phone rings */ danger: boolean; demo: boolean };

export async function readGateway(sql: Sql, settings: WebSettings): Promise<GatewayState> {
  const data = await readDataKind(sql);
  const kind = settings.gateway ?? 'standin';
  return { kind, realPhones: kind !== 'standin', danger: kind === 'standin' && data.real, demo: data.demo };
}
