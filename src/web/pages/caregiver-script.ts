/**
 * What a telephone that can run it does for the caregiver's page (`/j/page.js`): a press without a network is kept, with its time, and
 * sent when there is one, in order; a picture is made small first; the page looks again by itself. The page works without it.
 * Each press goes out under a key of its own, so that a second tab, or a try whose answer was lost, does nothing twice.
 * What was refused is said until she puts it away. After 到了 the telephone is asked where it is; the press never waits for that.
 */
import { limits } from '#core/limits.ts';
import { answers, presence } from './caregiver-page.ts';
import { results } from './caregiver-results.ts';
import { lateRefusals, refusedWords } from './caregiver-words.ts';

const words = JSON.stringify({ said: { ...answers, ...presence, ...results }, why: lateRefusals, around: refusedWords });

export const caregiverScript = `(function () {
  'use strict';
  var key = 'anling.kept', whereKey = 'anling.where', refusedKey = 'anling.refused', oldest = ${limits.keptMs}, busy = false, note = document.getElementById('kept');
  var words = ${words}, lang = document.documentElement.lang === 'en' ? 'en' : 'zh', around = words.around[lang];
  function load(from) { try { return JSON.parse(localStorage.getItem(from) || '[]'); } catch (e) { return []; } }
  function read() { return load(key); }
  function save(to, list) { try { localStorage.setItem(to, JSON.stringify(list)); return true; } catch (e) { return false; } }
  function write(list) { return save(key, list); }
  function same(k) { return function (other) { return k.to === other.to && k.at === other.at && k.action === other.action; }; }
  function without(list, k) { var is = same(k); return list.filter(function (other) { return !is(other); }); }
  function refuse(k, why) { save(refusedKey, without(load(refusedKey), k).concat([{ to: k.to, action: k.action, at: k.at, no: k.no, why: why }]).slice(-20)); }
  function sayRefused() {
    var box = document.getElementById('refused'), list = load(refusedKey);
    if (!box) return;
    box.textContent = '';
    box.hidden = list.length === 0;
    list.forEach(function (k) {
      var line = document.createElement('p'), button = document.createElement('button'), said = words.said[k.action], why = words.why[k.why] || words.why.other;
      var parts = { time: new Date(k.at).toTimeString().slice(0, 5), what: said ? said[lang] : around.photo, slip: k.no ? around.slip.replace('{no}', k.no) : '', why: why[lang] };
      line.textContent = around.line.replace(/\\{(\\w+)\\}/g, function (all, name) { return parts[name]; });
      button.type = 'button';
      button.textContent = around.dismiss;
      button.onclick = function () { save(refusedKey, without(load(refusedKey), k)); sayRefused(); };
      box.appendChild(line);
      box.appendChild(button);
    });
  }
  function show() {
    // What waited too long is no news any more: it is not sent, and that is said.
    var list = read(), old = list.filter(function (k) { return Date.now() - k.at >= oldest; });
    old.forEach(function (k) { refuse(k, 'old'); });
    if (old.length > 0) write(list.filter(function (k) { return Date.now() - k.at < oldest; }));
    if (note) note.hidden = list.length === old.length;
    sayRefused();
  }
  /** Null: taken; else why not. Throws when it is to be sent again. */
  function outcome(answer) {
    var status = answer.status;
    if (answer.type === 'opaqueredirect') return null;
    if (status >= 500 || status === 429) throw new Error('later');
    if (status === 404 || status === 410 || status === 413) return status === 404 ? 'unknown' : status === 410 ? 'expired' : 'large';
    return answer.json().then(function (body) { return body.error ? body.error.why || 'other' : body.why || null; }, function () { if (status < 400) throw new Error('later'); return 'other'; });
  }
  function bytes(url) { var raw = atob(url.slice(url.indexOf(',') + 1)), out = new Uint8Array(raw.length); for (var i = 0; i < raw.length; i++) out[i] = raw.charCodeAt(i); return out; }
  function bodyOf(k) {
    var ago = String(Math.max(0, Date.now() - k.at));
    if (k.where) return new URLSearchParams({ lat: k.where.lat, lon: k.where.lon, accuracyM: k.where.accuracyM, keptMs: ago });
    if (!k.photo) return new URLSearchParams({ action: k.action, keptMs: ago });
    var form = new FormData();
    form.append('keptMs', ago);
    form.append('photo', new Blob([bytes(k.photo)], { type: 'image/jpeg' }), 'photo.jpg');
    return form;
  }
  function sendAll() {
    if (busy) return;
    show();
    busy = true;
    var sent = 0;
    function next() {
      var first = read()[0];
      if (!first) return Promise.resolve();
      return fetch(first.to, { method: 'POST', body: bodyOf(first), headers: { accept: 'application/json', 'idempotency-key': String(first.at) + '-' + (first.action || (first.where ? 'where' : 'photo')) }, redirect: 'manual', cache: 'no-store' }).then(outcome).then(function (why) {
        if (why && !first.where) refuse(first, why);
        sent++;
        // Another tab may have sent it, and more, meanwhile: only this one is taken off.
        write(without(read(), first));
        return next();
      });
    }
    next().catch(function () {}).then(function () { busy = false; show(); if (sent > 0) location.reload(); else locate(); });
  }
  // She has pressed 到了, and that is on its way or kept: only now the telephone is asked where it is. A no is a no.
  function locate() {
    var asked = load(whereKey)[0];
    if (!asked || !navigator.geolocation) return;
    save(whereKey, []);
    if (Date.now() - asked.at > 600000) return;
    navigator.geolocation.getCurrentPosition(function (p) {
      var c = p.coords;
      keep({ to: asked.to, at: Date.now(), where: { lat: c.latitude.toFixed(6), lon: c.longitude.toFixed(6), accuracyM: Math.ceil(c.accuracy) } });
    }, function () {}, { enableHighAccuracy: true, timeout: 60000, maximumAge: 30000 });
  }
  function keep(item) {
    if (!window.fetch || !write(read().concat([item]))) return false;
    show();
    sendAll();
    return true;
  }
  function natively(form, button) {
    var field = document.createElement('input');
    field.type = 'hidden'; field.name = button.name; field.value = button.value;
    form.appendChild(field);
    form.submit();
  }
  function small(file, then, failed) {
    var url = URL.createObjectURL(file), image = new Image();
    image.onerror = failed;
    image.onload = function () {
      var scale = Math.min(1, 1280 / Math.max(image.width, image.height)), canvas = document.createElement('canvas');
      canvas.width = Math.round(image.width * scale); canvas.height = Math.round(image.height * scale);
      canvas.getContext('2d').drawImage(image, 0, 0, canvas.width, canvas.height);
      then(canvas.toDataURL('image/jpeg', 0.7));
    };
    image.src = url;
  }
  // Buttons are named action: form.action would be one of them.
  document.addEventListener('submit', function (event) {
    var form = event.target, button = event.submitter, at = Date.now(), file = form.querySelector('input[type=file]');
    if (!button) return;
    if (file) {
      if (!file.files.length) return;
      event.preventDefault();
      button.disabled = true;
      small(file.files[0], function (photo) { if (!keep({ to: form.getAttribute('action'), photo: photo, at: at, no: form.getAttribute('data-no') })) form.submit(); else file.value = ''; }, function () { form.submit(); });
      return;
    }
    event.preventDefault();
    if (button.value === 'arrive') save(whereKey, [{ to: form.getAttribute('action').replace(/(\\?.*)?$/, '/position$1'), at: at }]);
    if (keep({ to: form.getAttribute('action'), action: button.value, at: at, no: form.getAttribute('data-no') })) button.disabled = true; else natively(form, button);
  });
  // So that a door's code, scanned on the way, knows which slips this telephone was given (pages/door-page.ts).
  var own = location.pathname.split('/')[2];
  if (own && document.querySelector('form')) save('anling.slips', [{ code: own, at: Date.now() }].concat(load('anling.slips').filter(function (s) { return s.code !== own && Date.now() - s.at < 172800000; })).slice(0, 8));
  addEventListener('online', sendAll);
  show();
  if (read().length > 0) sendAll(); else locate();
  setInterval(function () {
    if (read().length > 0) { sendAll(); return; }
    var file = document.querySelector('input[type=file]');
    if (document.hidden || busy || (file && file.files.length)) return;
    fetch(location.href, { cache: 'no-store' }).then(function (answer) { return answer.ok ? answer.text() : null; }).then(function (text) {
      if (text === null || read().length > 0) return;
      var fresh = new DOMParser().parseFromString(text, 'text/html').querySelector('main'), now = document.querySelector('main');
      if (fresh && now && fresh.innerHTML !== now.innerHTML) { now.replaceWith(fresh); note = document.getElementById('kept'); show(); }
    }).catch(function () {});
  }, 5000);
})();
`;
