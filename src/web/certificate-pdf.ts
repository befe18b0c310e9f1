/** The certificate as paper: one A4 page with the font in it, what was measured, and the code that leads to the public page. */
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import PDFDocument from 'pdfkit';
import encodeQR from 'qr';
import { stepWords } from '#core/acceptance.ts';
import { dayOf, dayTime } from '#core/clock.ts';
import type { CertificateRecord } from '#store/certificates.ts';
import type { CertificateState } from './certificate.ts';

const fontFile = join(createRequire(import.meta.url).resolve('@embedpdf/fonts-sc'), '../../fonts/NotoSansHans-Regular.otf');
let font: Buffer | null = null;

const states: Readonly<Record<CertificateState, (until: string) => string>> = {
  probation: (until) => `现场合格，试用期至 ${until} · passed on site, probation until ${until}`, accepted: () => '已验收 · accepted', 'to-redo': () => '须复装 · to be done again', revoked: () => '已撤销 · revoked',
};
const whos: Readonly<Record<string, string>> = { elder: '老人本人 the elder', family: '家属 family', guardian: '监护人 guardian' };
const hows: Readonly<Record<string, string>> = { paper: '书面 on paper', spoken: '口头 spoken', signature: '签名 signature' };
const margin = 48;

/** In fours, so that a human can read it out and type it. */
const codeText = (hash: string): string => (hash.slice(0, 32).match(/.{4}/g) ?? []).join(' ');

/** The bytes of the page. `signature`: the picture, PNG or JPEG; another kind is left out (its hash stands there). */
export async function certificatePdf(record: CertificateRecord, of: { state: CertificateState; hash: string; url: string; signature: Buffer | null; demo: boolean }): Promise<Buffer> {
  font ??= readFileSync(fontFile);
  const doc = new PDFDocument({ size: 'A4', margin, info: { Title: `安装验收证书 ${record.number}`, Author: record.county, CreationDate: new Date(record.issuedAt) } });
  const chunks: Buffer[] = [];
  doc.on('data', (chunk: Buffer) => chunks.push(chunk));
  const whole = new Promise<void>((resolve, reject) => { doc.on('end', () => resolve()); doc.on('error', reject); });
  doc.registerFont('han', font).font('han');
  doc.fontSize(22).text('安装验收证书', { align: 'center' }).fontSize(11).text('Certificate of installation', { align: 'center' }).moveDown(0.6);
  if (of.demo) doc.fillColor('#a00').text('演示数据 · demonstration data', { align: 'center' }).fillColor('black');
  doc.fontSize(12).text(`编号 No. ${record.number}`).text(states[of.state](dayOf(record.probationUntil))).moveDown(0.5);
  const line = (zh: string, en: string, value: string): void => { doc.fontSize(10.5).text(`${zh} ${en}：${value}`); };
  line('老人', 'elder', record.people.join('、'));
  line('地点', 'place', [record.county, record.town, record.village, record.place].filter((x) => x !== '').join(' '));
  line('设备', 'device', [record.device.modelName, record.device.id, ...(record.device.serial === null ? [] : [record.device.serial]), ...(record.device.room === null ? [] : [record.device.room])].join(' · '));
  line('定位', 'position (WGS84)', `${record.position.lat.toFixed(5)}, ${record.position.lon.toFixed(5)} ±${Math.round(record.position.accuracyM)} m`);
  line('同意', 'consent', `${whos[record.consent.who] ?? record.consent.who}，${hows[record.consent.how] ?? record.consent.how}`);
  line('安装员', 'installer', record.installer);
  line('开始', 'begun', `${dayTime(record.begunAt)}  签发 issued：${dayTime(record.issuedAt)}`);
  if (record.ownSecret) line('说明', 'note', '设备密钥由本安装员发放 · the device’s secret was given out by this installer');
  doc.moveDown(0.6).fontSize(12).text('现场测试（平台记录） Tests on site, from the house’s own records').moveDown(0.2);
  for (const s of record.steps) {
    const facts = Object.entries(s.facts).flatMap(([k, v]) => (v === null ? [] : [`${k} ${v}`])).join('  ');
    doc.fontSize(10).text(`✓ ${stepWords[s.step].zh} ${stepWords[s.step].en}  ${dayTime(s.at)}${s.ms === null ? '' : `  ${s.ms} ms`}`.replace('✓', '√'));
    if (facts !== '') doc.fontSize(7.5).fillColor('#555').text(facts, { indent: 12 }).fillColor('black');
  }
  signatureOf(doc, of.signature);
  const top = doc.page.height - margin - 118;
  drawCode(doc, of.url, margin, top, 110);
  doc.fontSize(9).text('扫码或在网页输入校验码，核对真伪 · scan, or type the code, to check it', margin + 124, top + 6, { width: doc.page.width - 2 * margin - 124 }).text(of.url.split('?')[0] ?? '').text(`校验码 code：${codeText(of.hash)}`).fontSize(7).fillColor('#555').text(`SHA-256 ${of.hash}`).text(`照片 photo ${record.photo.slice(0, 16)}… 签名 signature ${record.signature.slice(0, 16)}…`);
  doc.end();
  await whole;
  return Buffer.concat(chunks);
}

function signatureOf(doc: PDFKit.PDFDocument, picture: Buffer | null): void {
  doc.moveDown(0.6).fontSize(10.5).text('签名 signature：');
  const drawable = picture !== null && (picture.subarray(0, 3).toString('hex') === 'ffd8ff' || picture.subarray(1, 4).toString('latin1') === 'PNG');
  if (drawable) doc.image(picture, { fit: [180, 60] });
}

/** One square for each dark module; a quiet zone of four modules. */
function drawCode(doc: PDFKit.PDFDocument, text: string, x: number, y: number, size: number): void {
  const rows = encodeQR(text, 'raw', { ecc: 'medium', border: 4 });
  const unit = size / rows.length;
  rows.forEach((row, j) => { row.forEach((dark, i) => { if (dark) doc.rect(x + i * unit, y + j * unit, unit, unit); }); });
  doc.fill('black');
}
