/**
 * Keeps the installer's page on the telephone, so that it opens without a network: the page, and every file it names, found by reading them.
 * Only /install and /assets are kept; what is asked of the house is never answered from here.
 */
const cacheName = 'anling-install';
const page = '/install';
const named = /["'](?:\.?\/)?(?:assets\/)?([\w.-]+-[\w-]{8}\.(?:js|css))["']/g;

/** Puts the page and all it needs into the cache; forgets what it does not need any more. */
async function fill(answer) {
  const cache = await caches.open(cacheName);
  const wanted = new Map();
  const read = async (text) => {
    for (const [, name] of text.matchAll(named)) {
      const path = `/assets/${name}`;
      if (wanted.has(path)) continue;
      wanted.set(path, true);
      const kept = await cache.match(path);
      const file = kept ?? (await fetch(path));
      if (!file.ok) throw new Error(`${path}: ${file.status}`);
      if (kept === undefined) await cache.put(path, file.clone());
      await read(await file.text());
    }
  };
  await read(await answer.clone().text());
  await cache.put(page, answer);
  for (const request of await cache.keys()) {
    const { pathname } = new URL(request.url);
    if (pathname.startsWith('/assets/') && !wanted.has(pathname)) await cache.delete(request);
  }
}

const fresh = async () => {
  const answer = await fetch(page, { cache: 'no-cache', credentials: 'same-origin' });
  if (!answer.ok) throw new Error(`${page}: ${answer.status}`);
  return answer;
};
const within = (ms, work) => Promise.race([work, new Promise((_, reject) => { setTimeout(() => reject(new Error('slow')), ms); })]);

self.addEventListener('install', (event) => { event.waitUntil(fresh().then(fill).then(() => self.skipWaiting())); });
self.addEventListener('activate', (event) => { event.waitUntil(self.clients.claim()); });
self.addEventListener('fetch', (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== 'GET' || url.origin !== self.location.origin) return;
  if (request.mode === 'navigate' && url.pathname === page) {
    // A valley has a network that answers nothing: what is kept opens after four seconds.
    event.respondWith((async () => {
      try {
        const answer = await within(4_000, fresh());
        event.waitUntil(fill(answer.clone()).catch(() => {}));
        return answer;
      } catch (error) {
        const kept = await caches.match(page);
        if (kept) return kept;
        throw error;
      }
    })());
  } else if (url.pathname.startsWith('/assets/')) event.respondWith(caches.match(url.pathname).then((kept) => kept ?? fetch(request)));
});
