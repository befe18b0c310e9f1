/** The access key that the stand-in and every worker of one key file share; whoever cannot read the key file cannot send. */
import type { Seal } from '#store/seal.ts';

export function standinKey(seal: Seal): { id: string; secret: string } {
  return { id: 'standin', secret: seal.secretHash('stand-in gateway').toString('hex').slice(0, 40) };
}
