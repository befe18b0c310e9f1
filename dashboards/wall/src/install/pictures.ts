/** Pictures: made small without what the telephone writes beside them, and codes read out of them or out of the camera. */

const longSide = 1280;

/** A picture as pixels, its longer side at most `side`. Drawing it leaves place, time and telephone (Exif) behind. */
async function drawn(file: Blob, side: number): Promise<HTMLCanvasElement> {
  const url = URL.createObjectURL(file);
  try {
    const image = new Image();
    await new Promise<void>((resolve, reject) => { image.onload = () => resolve(); image.onerror = () => reject(new Error('no picture')); image.src = url; });
    const scale = Math.min(1, side / Math.max(image.naturalWidth, image.naturalHeight));
    const canvas = document.createElement('canvas');
    canvas.width = Math.max(1, Math.round(image.naturalWidth * scale));
    canvas.height = Math.max(1, Math.round(image.naturalHeight * scale));
    canvas.getContext('2d')?.drawImage(image, 0, 0, canvas.width, canvas.height);
    return canvas;
  } finally { URL.revokeObjectURL(url); }
}
export const base64 = (canvas: HTMLCanvasElement, type: 'image/jpeg' | 'image/png'): string => canvas.toDataURL(type, 0.7).split(',')[1] ?? '';
export const smallJpeg = async (file: Blob): Promise<string> => base64(await drawn(file, longSide), 'image/jpeg');

type Detector = { detect(source: CanvasImageSource): Promise<{ rawValue: string }[]> };
type DetectorClass = { new (options?: { formats: string[] }): Detector; getSupportedFormats?(): Promise<string[]> };
let detector: Promise<Detector | null> | null = null;
/** The telephone's own reader (also of bars), where it has one. */
function ownReader(): Promise<Detector | null> {
  detector ??= (async () => {
    const Class = (globalThis as { BarcodeDetector?: DetectorClass }).BarcodeDetector;
    if (Class === undefined) return null;
    const known = (await Class.getSupportedFormats?.().catch(() => [])) ?? [];
    const formats = ['qr_code', 'code_128', 'code_39', 'ean_13', 'data_matrix'].filter((f) => known.includes(f));
    return formats.length === 0 ? null : new Class({ formats });
  })().catch(() => null);
  return detector;
}

/** The text of a code in these pixels, else null. */
export async function readCode(canvas: HTMLCanvasElement): Promise<string | null> {
  const own = await (await ownReader())?.detect(canvas).catch(() => []);
  if (own?.[0]) return own[0].rawValue;
  const context = canvas.getContext('2d');
  if (!context) return null;
  const { default: decodeQR } = await import('qr/decode.js');
  try { return decodeQR(context.getImageData(0, 0, canvas.width, canvas.height)); } catch { return null; }
}
/** A photo may hold the code large or small: both are tried. */
export async function readPhoto(file: Blob): Promise<string | null> {
  for (const side of [800, 1600, 400]) {
    const text = await readCode(await drawn(file, side));
    if (text !== null) return text;
  }
  return null;
}
