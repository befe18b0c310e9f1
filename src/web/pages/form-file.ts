/** The one file of a form that a telephone's browser sends without any script (multipart/form-data), and what kind of picture it is by its first bytes. */
import type { PhotoType } from '#store/photos.ts';

/** The content of the field `name`; null: there is none, or the body is cut off. */
export function fieldOf(body: Buffer, contentType: string, name: string): Buffer | null {
  const boundary = /boundary=(?:"([^"]{1,70})"|([^;\s]{1,70}))/i.exec(contentType);
  if (!boundary) return null;
  const mark = Buffer.from(`--${boundary[1] ?? boundary[2]}`);
  for (let at = body.indexOf(mark); at >= 0;) {
    const [head, end] = [at + mark.length, body.indexOf(mark, at + mark.length)];
    const split = body.indexOf('\r\n\r\n', head);
    if (end < 0 || split < 0 || split > end) return null;
    if (body.toString('latin1', head, split).toLowerCase().includes(`; name="${name.toLowerCase()}"`)) return body.subarray(split + 4, end - 2);
    at = end;
  }
  return null;
}

export function pictureType(data: Uint8Array): PhotoType | null {
  const head = Buffer.from(data.subarray(0, 12)).toString('latin1');
  return head.startsWith('\xff\xd8\xff') ? 'image/jpeg' : head.startsWith('\x89PNG\r\n') ? 'image/png' : /^RIFF.{4}WEBP$/s.test(head) ? 'image/webp' : null;
}
