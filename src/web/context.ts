/** What every route may use: no globals, no decorations; a test passes object literals (law 10). */
import type { FastifyInstance, FastifyTypeProvider, RawServerDefault, FastifyBaseLogger } from 'fastify';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Static, TSchema } from 'typebox';
import type { Respond } from '#core/respond.ts';
import type { TryRules } from '#core/rule-try.ts';
import type { DoorWords } from '#core/vendor-door.ts';
import type { OpsPeer } from '#ops/health.ts';
import type { Logger } from '#ops/log.ts';
import type { Metrics } from '#ops/metrics.ts';
import type { AuditEntry } from '#store/audit.ts';
import type { Db } from '#store/pool.ts';
import type { ReceiptKind } from '#store/receipts.ts';
import type { Seal } from '#store/seal.ts';
import type { BaseMap } from './tiles.ts';

/** Schemas are TypeBox: body, params, query and answers are typed from them. */
export interface TypeBoxProvider extends FastifyTypeProvider {
  validator: this['schema'] extends TSchema ? Static<this['schema']> : unknown;
  serializer: this['schema'] extends TSchema ? Static<this['schema']> : unknown;
}
export type App = FastifyInstance<RawServerDefault, IncomingMessage, ServerResponse, FastifyBaseLogger, TypeBoxProvider>;

/** As configured (ANLING_MAP…); `source` and `approvalNumber` are always shown with the base map. */
export type MapSettings = { base: BaseMap | null; source: string | null; approvalNumber: string | null; /** GeoJSON file */ outline: string | null };

export type WebSettings = {
  host: string; port: number; /** `ca`: whoever shows a certificate of it sits at a duty PC, and owes no code. */ tls: { cert: string | Buffer; key: string | Buffer; ca?: string | Buffer } | null;
  /** What links carry; its scheme decides about Secure cookies and HSTS. */ publicUrl: string;
  /** The edge's HTTP door, reached through us too. */ door: { host: string; port: number };
  /** Folder of the built wall; null: no pages. */ pages: string | null;
  /** The data folder, whose disk /ops watches; null: not here. */ data: string | null;
  /** Days that heartbeats are kept; as in the limits when absent. */ heartbeatDays?: number;
  /** As configured; null: the stand-in while all data is demonstration data. */ gateway: 'standin' | 'aliyun' | 'http' | null;
  /** Absent: a schematic picture. */ map?: MapSettings | null;
};
export type WebContext = {
  settings: WebSettings; version: string; nodeId: string; db: Db; seal: Seal; log: Logger; metrics: Metrics; respond: Respond;
  /** Writes one row of the hash-chained audit; resolves when it is committed. */
  audit(entry: AuditEntry): Promise<void>;
  /** Ops addresses of the started roles; empty in tests that start none. */
  peers(): readonly OpsPeer[];
  /** Reads a quarantined frame again (intake's function); absent where nobody wired it. */
  replay?(id: string, by: string): Promise<{ result: 'replayed' | 'still-unreadable' | 'replayed-before' | 'not-an-event' | 'not-found'; reason?: string }>;
  /** What the dialects of vendors ask for and say; absent where nobody wired it. */ vendors?: DoorWords;
  /** Tries rule parameters on the last 24 hours (alerts' function); absent where nobody wired it. */ tryRules?: TryRules;
  /** Keeps a provider's callback on this machine while the database does not take it (web/kept-hooks.ts); true: it is durable. */
  keepHook?(kind: ReceiptKind, body: string): Promise<boolean>;
  /** Where the stand-in gateway is controlled, when it is the gateway. */ standinUrl?: string;
  /** Tests: an answer that does not match its schema becomes a 500 (else it is logged and sent). */
  strict?: boolean;
};
/** One file of routes registers them; routes/index.ts lists all. */
export type RegisterRoutes = (app: App, ctx: WebContext) => void;
