/** What an installer's telephone hands in: keys, pictures, signatures. */
import type { FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { consentWhos } from '#core/installation.ts';
import type { PhotoType } from '#store/photos.ts';
import { invalid } from './errors.ts';
import { cleanPicture, PictureError } from './pages/picture-clean.ts';
import { OneOf } from './schemas.ts';

const Base64 = Type.String({ minLength: 4, pattern: '^[A-Za-z0-9+/]+={0,2}$', description: 'base64 of a picture' });
const ClientTime = Type.Integer({ description: 'the telephone’s clock, epoch milliseconds: kept, decides nothing' });
export const PictureBody = { data: Base64, at: ClientTime };
export const SignatureBody = { ...PictureBody, who: OneOf(consentWhos) };

/** The client's own key of this act; a telephone without network sends it again, perhaps days later. */
export function requiredKey(request: FastifyRequest): string {
  const key = request.headers['idempotency-key'];
  if (typeof key !== 'string' || key === '') throw invalid([{ field: 'idempotency-key', expected: 'a key of this act, the same at every repetition' }]);
  return key;
}

/** A whole picture without what the telephone wrote beside it; 422 for anything else. */
export function pictureOf(data: string, bytesMax: number): { type: PhotoType; data: Buffer } {
  const bytes = Buffer.from(data, 'base64');
  if (bytes.length > bytesMax) throw invalid([{ field: 'data', expected: `a picture of at most ${bytesMax} bytes` }]);
  try {
    return cleanPicture(bytes);
  } catch (error) {
    if (!(error instanceof PictureError)) throw error;
    throw invalid([{ field: 'data', expected: error.expected }]);
  }
}
