/**
 * Reads the feed after the last number and hands it to the hub in order: hinted by NOTIFY, found by the poll within a
 * second anyway (law 2). Beats go out of the same loop, so that a beat's set is the set after the frames before it.
 */
import { createViewMaker, type FeedRow, readFeed, readFeedHead, readOpenSet, type ViewMaker } from '#store/alert-views.ts';
import { waitingCalls } from '#store/calls.ts';
import { clockChannel, readAhead } from '#store/clock-travel.ts';
import { countCannotHear, countConsoles } from '#store/county-status.ts';
import { runningDrills } from '#store/drill-reads.ts';
import { presenceCounts } from '#store/outages.ts';
import { openQuestion } from '#store/vigilance.ts';
import { type Service, startLoop } from '#work/loop.ts';
import type { ServerFrame } from '#core/live.ts';
import type { WebContext } from './context.ts';
import { readGateway } from './gateway.ts';
import type { Beat, FeedItem, Hub, HubClient } from './hub.ts';

const beatMs = 4_000;
const presenceMs = 2_500;
const batchRows = 500;
const pieceBytes = 128 * 1024;

export type Feed = Service & {
  /** Feed items after a number, for sockets that catch up; at most `batchRows`. */
  after(seq: number): Promise<FeedItem[]>;
  /** A beat to one socket that has just caught up. */
  beatTo(client: HubClient): Promise<void>;
  readonly views: ViewMaker;
};

/** Counts that cost a scan: made at most each `presenceMs`, and only while somebody looks. */
type Slow = { cannotHear: Beat['cannotHear']; consoles: Beat['consoles']; gateway: Beat['gateway']; demo: boolean; danger: boolean; vigilance: Beat['vigilance']; drills: Beat['drills'] };

export async function startFeed({ ctx, hub }: { ctx: WebContext; hub: Hub }): Promise<Feed> {
  const views = createViewMaker(ctx.seal);
  const lag = ctx.metrics.gauge('feed_head', 'Feed number that was broadcast last');
  let slow: Slow = { cannotHear: [], consoles: { open: 0, hearing: 0 }, gateway: ctx.settings.gateway ?? 'standin', demo: false, danger: false, vigilance: null, drills: [] };
  let beatAt = performance.now();
  const after = async (seq: number): Promise<FeedItem[]> => (await readFeed(ctx.db, seq, batchRows)).map((row) => feedItem(row, views));
  const start = await readFeedHead(ctx.db);
  hub.head = start.seq;
  hub.epoch = start.epoch;

  // One reader at a time: the loop and the beat of a socket that has caught up both read, and a reader that began before the other
  // ended would send the same numbers again and take the head back.
  let reading: Promise<unknown> = Promise.resolve();
  const readNew = (): Promise<boolean> => {
    const turn = reading.then(readAfterHead, readAfterHead);
    reading = turn;
    return turn;
  };
  const readAfterHead = async (): Promise<boolean> => {
    const items = await after(hub.head);
    if (items[0] && items[0].seq !== hub.head + 1) ctx.log.error({ head: hub.head, next: items[0].seq }, 'the feed has a hole');
    // Between pieces the sockets write out: a flood read in one go must not look like a slow peer.
    for (const piece of pieces(items)) {
      hub.broadcast(piece);
      await new Promise((resolve) => setImmediate(resolve));
    }
    lag.set(hub.head);
    return items.length === batchRows;
  };
  const makeBeat = async (): Promise<Beat> => {
    let set = await readOpenSet(ctx.db);
    // A set of a later moment than the frames sent so far would not match them: send those first.
    for (let tries = 0; set.seq > hub.head && tries < 5; tries++) {
      await readNew();
      if (set.seq !== hub.head) set = await readOpenSet(ctx.db);
    }
    followHistory(ctx, hub, set);
    return { epoch: set.epoch, seq: set.seq, open: set.open, serverTime: set.now, aheadMs: slow.demo ? await readAhead(ctx.db) : 0, ...slow };
  };
  const loop = startLoop({
    name: 'feed',
    async turn() {
      const more = await readNew();
      if (!more && performance.now() - beatAt >= beatMs) {
        beatAt = performance.now();
        if (hub.clients.size > 0) hub.sendBeat(await makeBeat());
        else followHistory(ctx, hub, await readFeedHead(ctx.db));
      }
      return more;
    },
    onError: (error, inARow) => { if (inARow === 1 || inARow % 20 === 0) ctx.log.warn({ err: error, inARow }, 'the feed cannot be read'); },
  });
  const counts = startLoop({
    name: 'county-counts', pollMs: presenceMs,
    async turn() {
      if (hub.clients.size === 0 && hub.presence.length > 0) return false;
      const drills = await runningDrills(ctx.db);
      const [cannotHear, consoles, gateway, presence, vigilance] = [await countCannotHear(ctx.db), await countConsoles(ctx.db), await readGateway(ctx.db, ctx.settings), await presenceCounts(ctx.db), await openQuestion(ctx.db)];
      slow = { cannotHear, consoles, gateway: gateway.kind, demo: gateway.demo, danger: gateway.danger, vigilance, drills };
      hub.sendPresence(presence);
      return false;
    },
    onError: (error, inARow) => { if (inARow === 1) ctx.log.warn({ err: error }, 'the county cannot be counted'); },
  });
  const calls = startLoop({
    name: 'calls',
    async turn() { if (hub.clients.size > 0) hub.sendCalls(await waitingCalls(ctx.db, ctx.seal)); return false; },
    onError: (error, inARow) => { if (inARow === 1) ctx.log.warn({ err: error }, 'the calls cannot be read'); },
  });
  const unlisten = await ctx.db.listen(['anling_feed', 'anling_call', clockChannel], (channel, payload) => {
    if (channel === clockChannel && payload === '') { beatAt = Number.NEGATIVE_INFINITY; counts.wake(); } // a clock that jumped is shown at once
    (channel === 'anling_call' ? calls : loop).wake();
  });
  return {
    name: 'feed', views, after, ready: () => loop.ready(),
    async beatTo(client) { hub.sendBeat(await makeBeat(), client); },
    async stop() { await unlisten(); await loop.stop(); await counts.stop(); await calls.stop(); },
  };
}

/** Items in pieces of about `pieceBytes`. */
export function pieces(items: readonly FeedItem[]): FeedItem[][] {
  const out: FeedItem[][] = [];
  let bytes = pieceBytes;
  for (const item of items) {
    if (bytes >= pieceBytes) { out.push([]); bytes = 0; }
    out.at(-1)?.push(item);
    bytes += item.desk?.length ?? 0;
  }
  return out;
}

/** After a restore the numbers go back or the history is another one: sockets come again and get a snapshot. */
function followHistory(ctx: WebContext, hub: Hub, head: { epoch: string; seq: number }): void {
  if (head.epoch === hub.epoch && head.seq >= hub.head) return;
  ctx.log.warn({ from: hub.head, to: head.seq, sameEpoch: head.epoch === hub.epoch }, 'the feed is another history: sockets begin anew');
  hub.epoch = head.epoch;
  hub.head = head.seq;
  hub.closeAll(1012, 'another history: ask for a snapshot');
}

/** A feed row as the two frames it may become. */
function feedItem(row: FeedRow, views: ViewMaker): FeedItem {
  const { seq, type, feedRegion, payload, hasAlert, ...alert } = row;
  if (type === 'canary') return { seq: Number(seq), regionCode: null, desk: null, public: null, canary: JSON.stringify({ type, run: String(payload.detail?.['run']) } satisfies ServerFrame) };
  if (!hasAlert) return { seq: Number(seq), regionCode: feedRegion, desk: null, public: null };
  const view = views(alert);
  const frame = (which: 'desk' | 'public'): string => JSON.stringify({
    type: 'alert', seq: Number(seq), what: payload.what, alert: view[which], ...(payload.ring ? { ring: payload.ring } : {}),
  } satisfies ServerFrame);
  return { seq: Number(seq), regionCode: alert.regionCode ?? feedRegion, desk: frame('desk'), public: frame('public') };
}
