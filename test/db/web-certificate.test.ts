/** The client certificate of a duty PC (FIELD F12): where the house ends TLS itself and knows the authority, whoever shows one owes no code. */
import 'reflect-metadata'; // x509's container asks for it
import { webcrypto } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as x509 from '@peculiar/x509';
import { expect, it } from 'vitest';
import { deviceCertificate } from '#doors/mqtt/certificate.ts';
import { writeSetting } from '#store/settings.ts';
import { password, realUser, testWeb } from '#test/harness/web.ts';

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const keysOf = async (): Promise<CryptoKeyPair> => (await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])) as CryptoKeyPair;
const pem = async (key: CryptoKey): Promise<string> => `-----BEGIN PRIVATE KEY-----\n${Buffer.from(await webcrypto.subtle.exportKey('pkcs8', key as never)).toString('base64')}\n-----END PRIVATE KEY-----\n`;
const span = { notBefore: new Date(Date.now() - 60_000), notAfter: new Date(Date.now() + 3_600_000) };

/** An authority, and a certificate that it has signed for one PC. */
async function authority(name: string): Promise<{ ca: string; cert: string; key: string }> {
  x509.cryptoProvider.set(webcrypto as Crypto);
  const [root, pc] = [await keysOf(), await keysOf()];
  const ca = await x509.X509CertificateGenerator.createSelfSigned({ name: `CN=${name}`, ...span, signingAlgorithm: algorithm, keys: root, extensions: [new x509.BasicConstraintsExtension(true, 1, true), new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign, true)] });
  const cert = await x509.X509CertificateGenerator.create({ serialNumber: '02', subject: 'CN=duty PC 1', issuer: ca.subject, ...span, signingAlgorithm: algorithm, publicKey: pc.publicKey, signingKey: root.privateKey, extensions: [new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.clientAuth])] });
  return { ca: ca.toString('pem'), cert: cert.toString('pem'), key: await pem(pc.privateKey) };
}

it('opens all to whoever shows one of the county’s own authority; none, and a stranger’s, owe the code [FF12 W12]', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'anling-tls-'));
  const [own, strange] = [await authority('county'), await authority('stranger')];
  const { cert, key } = await deviceCertificate(folder, ['127.0.0.1']);
  const web = await testWeb({ settings: { tls: { cert, key, ca: own.ca }, publicUrl: 'https://127.0.0.1:1' } });
  try {
    await realUser(web.t, 'chief', 'admin');
    await writeSetting(web.t.db, 'security', { secondFactor: ['admin'] }, 'test');
    const login = (shown: { cert?: string; key?: string }): Promise<string> => new Promise((resolve, reject) => {
      const asked = request(`${web.url}/api/v1/login`, { method: 'POST', ca: cert, headers: { 'content-type': 'application/json' }, agent: false, ...shown }, (answer) => {
        let text = '';
        answer.on('data', (part) => { text += String(part); });
        answer.on('end', () => resolve((JSON.parse(text) as { proof: string }).proof));
      });
      asked.on('error', reject);
      asked.end(JSON.stringify({ username: 'chief', password }));
    });
    expect([await login({ cert: own.cert, key: own.key }), await login({}), await login({ cert: strange.cert, key: strange.key })]).toEqual(['whole', 'none', 'none']);
  } finally {
    await web.stop();
    rmSync(folder, { recursive: true, force: true });
  }
});
