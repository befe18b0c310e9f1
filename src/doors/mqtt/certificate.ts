/**
 * The self-made certificate of the TLS door (ECDSA P-256): made once on the first start and then kept, because devices may
 * pin it; only one that has run out is made anew. Certificate and key stand under the data folder, the key 0600.
 */
import 'reflect-metadata'; // x509's container asks for it
import { webcrypto, X509Certificate as Parsed } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { join } from 'node:path';
import * as x509 from '@peculiar/x509';

/** PEM texts. */
export type Certificate = { cert: string; key: string };

const validMs = 10 * 365 * 86_400_000;
const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;

/** Reads the certificate of `folder`, or makes one for `names` (host names and addresses). */
export async function deviceCertificate(folder: string, names: readonly string[]): Promise<Certificate & { made: boolean }> {
  const files = { cert: join(folder, 'device-door.crt'), key: join(folder, 'device-door.key') };
  if (existsSync(files.cert) && existsSync(files.key)) {
    const kept = { cert: readFileSync(files.cert, 'utf8'), key: readFileSync(files.key, 'utf8') };
    if (Date.parse(new Parsed(kept.cert).validTo) > Date.now()) return { ...kept, made: false };
  }
  const fresh = await makeCertificate(names);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  // The key first: a crash between the two leaves a pair that does not match only until the rename of the second.
  for (const name of ['key', 'cert'] as const) {
    writeFileSync(`${files[name]}.new`, fresh[name], { mode: 0o600 });
    chmodSync(`${files[name]}.new`, 0o600);
  }
  for (const name of ['key', 'cert'] as const) renameSync(`${files[name]}.new`, files[name]);
  return { ...fresh, made: true };
}

async function makeCertificate(names: readonly string[]): Promise<Certificate> {
  x509.cryptoProvider.set(webcrypto as Crypto);
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const all = [...new Set([...names, 'localhost', '127.0.0.1', '::1'].map((n) => n.replace(/^\[|\]$/g, '')).filter((n) => n !== '' && n !== '0.0.0.0' && n !== '::'))];
  const cert = await x509.X509CertificateGenerator.createSelfSigned({
    name: 'CN=Anling device door', notBefore: new Date(Date.now() - 86_400_000), notAfter: new Date(Date.now() + validMs), signingAlgorithm: algorithm, keys: keys as CryptoKeyPair,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension(all.map((value) => ({ type: isIP(value) ? 'ip' as const : 'dns' as const, value }))),
    ],
  });
  const pkcs8 = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey)).toString('base64').replace(/.{64}/g, '$&\n').trimEnd();
  return { cert: `${cert.toString('pem')}\n`, key: `-----BEGIN PRIVATE KEY-----\n${pkcs8}\n-----END PRIVATE KEY-----\n` };
}
