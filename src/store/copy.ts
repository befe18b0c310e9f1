/** PostgreSQL's COPY over a client's own protocol, both ways, with back pressure: what `pg` knows how to send but has no call for. */
import { once } from 'node:events';
import type { Socket } from 'node:net';

type Connection = { query(text: string): void; sendCopyFromChunk(bytes: Buffer): void; endCopyFrom(): void; sendCopyFail(why: string): void; readonly stream: Socket };
/** A client that takes a query of one's own making (`submit`), as pg's does. */
type Client = { query(query: Asked): unknown };
type Asked = { submit(connection: never): void };
const batchBytes = 64 * 1024;

/** What both directions answer to the client: the count of the command tag, or the first error. */
function answers(resolve: (rows: number) => void, reject: (error: Error) => void) {
  let rows = 0;
  return {
    handleCommandComplete({ text }: { text: string }): void { rows = Number(/^COPY (\d+)$/.exec(text)?.[1] ?? 0); },
    handleReadyForQuery(): void { resolve(rows); },
    handleError: reject,
  };
}

/** Rows arrive one by one in a buffer that the client uses again: they are gathered, and reading rests while `take` works. */
export async function copyOut(client: Client, text: string, take: (bytes: Buffer) => Promise<void>): Promise<number> {
  let gathered = Buffer.allocUnsafe(batchBytes);
  let used = 0;
  let taken: Promise<void> = Promise.resolve();
  const rows = await new Promise<number>((resolve, reject) => {
    const pass = (connection: Connection, bytes: Buffer): void => {
      connection.stream.pause();
      const mine = taken.then(() => take(bytes));
      taken = mine;
      mine.then(() => { if (mine === taken) connection.stream.resume(); }, (error: Error) => { reject(error); connection.stream.destroy(); });
    };
    const query = {
      submit: (connection: Connection) => connection.query(text),
      ...answers(resolve, reject),
      handleCopyData({ chunk }: { chunk: Buffer }, connection: Connection): void {
        if (used + chunk.length > gathered.length) {
          if (used > 0) pass(connection, gathered.subarray(0, used));
          gathered = Buffer.allocUnsafe(Math.max(batchBytes, chunk.length));
          used = 0;
        }
        used += chunk.copy(gathered, used);
      },
    };
    client.query(query);
  });
  await taken;
  if (used > 0) await take(gathered.subarray(0, used));
  return rows;
}

/** `chunks` are whole lines; when they end with an error the server is told, and the copy fails with it. */
export function copyIn(client: Client, text: string, chunks: AsyncIterable<Buffer>): Promise<number> {
  return new Promise<number>((resolve, reject) => {
    let refused = false;
    const { handleError, ...rest } = answers(resolve, reject);
    const send = async (connection: Connection): Promise<void> => {
      try {
        for await (const bytes of chunks) {
          if (refused) return;
          connection.sendCopyFromChunk(bytes);
          if (connection.stream.writableNeedDrain) await once(connection.stream, 'drain');
        }
        connection.endCopyFrom();
      } catch (error) {
        reject(error as Error);
        connection.sendCopyFail('the backup could not be read on');
      }
    };
    const query = {
      submit: (connection: Connection) => connection.query(text), ...rest,
      handleError(error: Error): void { refused = true; handleError(error); },
      handleCopyInResponse(connection: Connection): void { void send(connection); },
    };
    client.query(query);
  });
}
