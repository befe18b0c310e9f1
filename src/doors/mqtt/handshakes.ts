/**
 * TLS handshakes in their turn. One costs the loop a millisecond and more, and a poll hands over what has come on every socket at once: fifteen thousand that came together
 * held the loop for over ten seconds, so that no alarm was heard and the supervisor took the edge for hung. So a socket stands in line from its first bytes on, and each turn
 * makes as many handshakes as fit into a share of it (law 8). One that says nothing stands nowhere, costs nothing, and goes after the connect time.
 */
import type { Socket } from 'node:net';
import { limits } from '#core/limits.ts';
import type { HalfOpen } from '#doors/half-open.ts';
import { createShare, type Share } from './share.ts';

export type HandshakeOptions = {
  halfOpen: Pick<HalfOpen, 'add' | 'remove'>; rejected(reason: string): void;
  /** Makes the handshake: the first bytes are still in the socket. */ begin(socket: Socket, address: string): void;
  /** Many devices are being let in at this moment: then a connection has its time again. */ crowded?(): boolean;
  share?: Pick<Share, 'later'>; connectMs?: number;
};

/** Takes a socket that was accepted. */
export function createHandshakes({ halfOpen, rejected, begin, crowded, share = createShare(), connectMs = limits.connectMs }: HandshakeOptions): (socket: Socket) => void {
  return (socket) => {
    const address = socket.remoteAddress ?? '';
    halfOpen.add(socket, address);
    let spoken = false;
    // Judged after a poll: a loop that is late finds the timer over before it has read what came in time.
    const wait = (times: number): NodeJS.Timeout => setTimeout(() => setImmediate(() => {
      if (spoken || socket.destroyed) return;
      if (times > 1 && crowded?.()) { silent = wait(times - 1); return; }
      rejected('connect-timeout');
      socket.destroy();
    }), connectMs);
    let silent = wait(limits.connectTimes);
    const gone = (): void => { clearTimeout(silent); halfOpen.remove(socket); };
    socket.on('error', () => {});
    socket.once('close', gone);
    socket.once('readable', () => {
      spoken = true; // from here on it is the door that is waited for
      clearTimeout(silent);
      share.later(() => {
        if (socket.destroyed) return;
        if (socket.readableLength === 0) { socket.destroy(); return; }
        socket.off('close', gone);
        gone();
        begin(socket, address);
      });
    });
  };
}
