/**
 * CONNECT -> device (M1, M3, M5, M15): client id = user name = device id, password = its secret, a will only below its own
 * prefix. SUBSCRIBE -> own prefix only (M8). Aedes calls these; none of them throws.
 */
import type { AuthenticateError, AuthErrorCode, Client, Subscription } from 'aedes';
import { limits } from '#core/limits.ts';
import { topicPrefix, type Misuse } from '#core/publish.ts';
import type { Logger } from '#ops/log.ts';
import type { Login, LoginOutcome } from '#doors/login.ts';
import type { Alink, Dialect } from './alink.ts';
import type { Guard } from './guard.ts';
import type { Sessions } from './sessions.ts';

export type AuthOptions = {
  login: Login; sessions: Sessions; misuse: (misuse: Misuse) => void; rejected: (reason: string) => void; log: Logger;
  /** Devices of Aliyun's platform. */ alink?: Alink;
  /** This connection has failed to log in and only waits for its answer. */ refusedSocket: (guard: Guard) => void;
};
type Connect = { keepalive?: number; will?: { topic: string; payload: unknown; retain?: boolean } };
type Answer = (error: AuthenticateError | null, success: boolean | null) => void;

const guardOf = (client: Client): Guard => client.conn as Guard;

function refusal(code: 2 | 3 | 4 | 5, message: string): AuthenticateError {
  return Object.assign(new Error(message), { returnCode: code as AuthErrorCode });
}

export function createAuth(options: AuthOptions): {
  preConnect(client: Client, packet: object, done: (error: Error | null, success: boolean) => void): void;
  authenticate(client: Client, username: string | undefined, password: Buffer | undefined, done: Answer): void;
  authorizeSubscribe(client: Client, subscription: Subscription, done: (error: Error | null, subscription?: Subscription | null) => void): void;
} {
  const { sessions, rejected } = options;
  const enter = async (client: Client, username: string | undefined, password: Buffer | undefined): Promise<AuthenticateError | null> => {
    const guard = guardOf(client);
    const alink = username === undefined || username === client.id ? null : (options.alink?.login(client.id, username, password?.toString() ?? null, { address: guard.address, onRefused: () => options.refusedSocket(guard) }) ?? null);
    if (!alink && (username === undefined || username !== client.id)) { rejected('id-is-not-user'); return refusal(2, 'client id and user name must be the device id'); }
    const outcome: LoginOutcome & { dialect?: Dialect } = await (alink ?? options.login(username as string, password?.toString() ?? null, { address: guard.address, door: 'mqtt', onRefused: () => options.refusedSocket(guard) }));
    if ('refused' in outcome) {
      if (outcome.refused === 'credentials') return refusal(4, 'bad user name or password');
      rejected('unavailable');
      return refusal(3, 'server unavailable');
    }
    const { device } = outcome;
    const will = guard.will as Connect['will'] | null;
    guard.dialect = outcome.dialect ?? null;
    // Makers give all their devices one client id; one session is one device's here, whatever it calls itself, and nobody ends another's.
    if (guard.dialect) (client as { id: string }).id = device.id;
    if (will && !guard.dialect && !will.topic.startsWith(topicPrefix(device.id))) {
      options.misuse({ deviceId: device.id, homeId: device.homeId, what: 'foreign-will', detail: { topic: will.topic.slice(0, 100) } });
      rejected('foreign-will');
      return refusal(5, 'the will is not below the device’s own topics');
    }
    guard.admit(device);
    sessions.enter(guard, device);
    return null;
  };
  return {
    preConnect(client, packet, done) {
      const connect = packet as Connect;
      const guard = guardOf(client);
      connect.keepalive = 0; // the guard keeps it: a publish that waits for the database must not cost the connection
      guard.will = connect.will ?? null;
      if (connect.will) connect.will.retain = false;
      done(null, true);
    },
    authenticate(client, username, password, done) {
      enter(client, username, password).then((error) => done(error, error === null), (error: unknown) => {
        options.log.error({ error: (error as Error).message }, 'a login failed for a fault of ours');
        done(refusal(3, 'server unavailable'), false);
      });
    },
    authorizeSubscribe(client, subscription, done) {
      const guard = guardOf(client);
      const { topic } = subscription;
      const own = guard.owns(topic) && topic.length <= 256 && (guard.filters.has(topic) || guard.filters.size < limits.subscriptionsPerClient);
      if (own) guard.filters.add(topic); else rejected('foreign-filter');
      done(null, own ? subscription : null);
    },
  };
}
