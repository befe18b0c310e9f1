import { describe, expect, it } from 'vitest';
import { deviceLabel, doorAddress, doorCode, readScan } from './label.ts';

const code = '0123456789abcdefghjkmnpqrs';

describe('what stands before the camera', () => {
  it('is our label, a door, or a maker’s serial number [2.9 F7]', () => {
    expect(readScan(deviceLabel('radar-7'))).toEqual({ kind: 'device', id: 'radar-7' });
    expect(readScan(doorAddress('https://anling.example/', code))).toEqual({ kind: 'door', code });
    expect(readScan(`https://other.example/d/${code.toUpperCase()}?lang=en`)).toEqual({ kind: 'door', code });
    expect(readScan('SN:AB12-0007;IMEI:861234567890123')).toEqual({ kind: 'serial', serial: 'AB12-0007' });
    expect(readScan('861234567890123')).toEqual({ kind: 'serial', serial: '861234567890123' });
    expect(readScan('https://maker.example/product?x=1')).toBeNull();
    expect(readScan('你好')).toBeNull();
  });

  it('reads a door’s code as people type it, and nothing that is none [2.9]', () => {
    expect(doorCode(' 0123-4567-89AB CDEF-GHJK-MNPQ-RS ')).toBe(code);
    expect(doorCode('O123456789abcdefghjkmnpqrs')).toBe(code);
    for (const wrong of ['', code.slice(1), `${code}0`, code.replace('a', 'u')]) expect(doorCode(wrong), wrong).toBeNull();
  });
});
