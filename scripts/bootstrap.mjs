// Before `npm start` and `npm test`: installs what package-lock.json names when node_modules does not hold it, with nothing
// but Node.js >= 18 and npm, and leaves the Node that the project runs on at node_modules/.bin/node. Plain JavaScript on purpose.
import { execFileSync, spawnSync } from 'node:child_process';
import { accessSync, chmodSync, constants, existsSync, lstatSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const modules = join(root, 'node_modules');
const node = join(modules, '.bin', 'node');
const lockFile = join(root, 'package-lock.json');
const wantedMajor = 24;

function fail(text) {
  process.stderr.write(`\nAnling cannot be installed.\n${text}\n\n`);
  process.exit(1);
}

const majorOf = (binary) => {
  const asked = spawnSync(binary, ['-p', 'process.versions.node'], { encoding: 'utf8' });
  return asked.status === 0 ? Number(asked.stdout.split('.')[0]) : 0;
};

/** The first package that the lock wants on this platform and node_modules does not hold in that version; null when all are there. */
function missing() {
  const hidden = join(modules, '.package-lock.json'); // npm writes it when an installation is complete
  if (!existsSync(hidden)) return 'node_modules';
  const have = JSON.parse(readFileSync(hidden, 'utf8')).packages;
  const want = JSON.parse(readFileSync(lockFile, 'utf8')).packages;
  for (const [path, entry] of Object.entries(want)) {
    if (path === '' || entry.link || (have[path] && have[path].version === entry.version && existsSync(join(root, path)))) continue;
    if (!entry.optional || (fits(entry) && entry.integrity)) return path;
  }
  return null;
}

function fits(entry) {
  const one = (given, value) => {
    const list = given === undefined ? [] : [given].flat();
    return list.length === 0 || list.includes(value) || (list.every((v) => v.startsWith('!')) && !list.includes(`!${value}`));
  };
  return Boolean(entry.os || entry.cpu) && one(entry.os, process.platform) && one(entry.cpu, process.arch) && one(entry.libc, libc());
}

function libc() {
  if (process.platform !== 'linux') return '';
  process.report.excludeNetwork = true;
  return process.report.getReport().header.glibcVersionRuntime ? 'glibc' : 'musl';
}

function npmCommand() {
  // Inside `npm start` npm tells where it is; elsewhere it is on the PATH.
  const own = process.env.npm_execpath;
  if (own && existsSync(own) && own.endsWith('.js')) return own;
  try {
    const found = execFileSync('sh', ['-c', 'readlink -f "$(command -v npm)"'], { encoding: 'utf8' }).trim();
    if (found) return found;
  } catch { /* below */ }
  return fail('npm was not found. Install it (Debian: apt-get install nodejs npm).');
}

function install(runner, npm) {
  const lock = readFileSync(lockFile, 'utf8');
  const npmRun = (...words) => spawnSync(runner, [npm, ...words, '--no-audit', '--no-fund', '--loglevel=error'],
    { cwd: root, stdio: ['ignore', 'inherit', 'pipe'], encoding: 'utf8', env: { ...process.env, npm_config_ignore_scripts: 'true' } });
  let done = npmRun('ci');
  if (done.status !== 0 && /EUSAGE/.test(done.stderr)) {
    // A lock that was written by an npm for which some platform's optional package was out of reach: `install` takes the same versions from it.
    done = npmRun('install', '--no-save');
    if (readFileSync(lockFile, 'utf8') !== lock) writeFileSync(lockFile, lock);
  }
  if (done.status === 0) return;
  const words = (done.stderr || String(done.error || '')).trim().split('\n').slice(0, 20).join('\n');
  if (/ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ETIMEDOUT|ENETUNREACH|ENOTCACHED|network/i.test(words)) fail(`The package registry cannot be reached: the first start needs a network (or a filled npm cache).\n${words}`);
  if (/EACCES|EROFS|EPERM/.test(words)) fail(`This user may not write into ${root}. Run it as the owner of the folder.\n${words}`);
  if (/ENOSPC/.test(words)) fail(`The disk is full: about 700 MB are needed in ${root}.\n${words}`);
  fail(words);
}

/** Sees to it that node_modules/.bin/node is a Node that runs the project: npm's package, or the system's own where there is none. */
function provideNode() {
  if (existsSync(node) && majorOf(node) >= wantedMajor) return;
  // Old npms do not link a program by this name.
  const packaged = join(modules, `node-${process.platform}-${process.arch}`, 'bin', 'node');
  const own = existsSync(packaged) && majorOf(packaged) >= wantedMajor ? packaged : process.execPath;
  if (majorOf(own) < wantedMajor) fail(`There is no Node.js package that runs on this ${process.platform}-${process.arch}, and the installed Node.js is ${process.version}: ${wantedMajor} or newer is needed.`);
  mkdirSync(dirname(node), { recursive: true });
  rmSync(node, { force: true });
  symlinkSync(own, node);
}

function main() {
  if (Number(process.versions.node.split('.')[0]) < 18) fail(`Node.js ${process.version} is too old: 18 or newer is needed to begin with.`);
  if (missing() === null && existsSync(node)) return;
  try { accessSync(root, constants.W_OK); } catch { fail(`This user may not write into ${root}. Install once as the owner of the folder (npm start), or give this user a copy of its own.`); }
  // A second working copy may borrow the modules of the first by a link; installing there would empty them under the first one's feet.
  if (lstatSync(modules, { throwIfNoEntry: false })?.isSymbolicLink()) fail(`node_modules is a link to another folder, which does not hold ${missing()}. Install there, or remove the link.`);
  process.stdout.write(`Installing what package-lock.json names (${missing()} is missing) …\n`);
  const began = Date.now();
  const npm = npmCommand();
  install(process.execPath, npm);
  provideNode();
  if (missing() !== null) {
    // npm leaves out native packages that ask for a newer Node than the one it runs on: once more under the new one, from a
    // copy, because `npm ci` empties node_modules first.
    const kept = join(root, `.node-${process.pid}`);
    execFileSync('cp', ['-L', node, kept]);
    try { chmodSync(kept, 0o755); install(kept, npm); } finally { rmSync(kept, { force: true }); }
    provideNode();
  }
  process.stdout.write(`Installed in ${Math.round((Date.now() - began) / 1000)} s.\n`);
}

main();
