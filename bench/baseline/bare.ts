/** Baseline: aedes as it comes, with TLS when certificate and key are named. It acknowledges QoS 1 and keeps nothing: what a store may be compared with. */
import { readFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { createServer as createTls } from 'node:tls';
import { Aedes } from 'aedes';

const [cert, key] = process.argv.slice(2);
const broker = await Aedes.createBroker();
const server = cert && key ? createTls({ cert: readFileSync(cert), key: readFileSync(key), minVersion: 'TLSv1.2', noDelay: true }, broker.handle) : createServer({ noDelay: true }, broker.handle);
server.listen({ port: 0, host: '127.0.0.1', backlog: 4_096 }, () => process.send?.({ port: (server.address() as AddressInfo).port }));
process.once('disconnect', () => process.exit(0));
