/**
 * What a telephone that can run it does for the caregiver's page (`/j/page.js`): a press without a network is kept, with its time, and
 * sent when there is one, in order; a picture is made small first; the page looks again by itself. The page works without it.
 * Each press goes out under a key of its own, so that a second tab, or a try whose answer was lost, does nothing twice.
 */
export const caregiverScript = `(function () {
  'use strict';
  var key = 'anling.kept', oldest = 12 * 3600000, busy = false, note = document.getElementById('kept');
  function read() { try { return JSON.parse(localStorage.getItem(key) || '[]').filter(function (k) { return Date.now() - k.at < oldest; }); } catch (e) { return []; } }
  function write(list) { try { localStorage.setItem(key, JSON.stringify(list)); return true; } catch (e) { return false; } }
  function show() { if (note) note.hidden = read().length === 0; }
  function bytes(url) { var raw = atob(url.slice(url.indexOf(',') + 1)), out = new Uint8Array(raw.length); for (var i = 0; i < raw.length; i++) out[i] = raw.charCodeAt(i); return out; }
  function bodyOf(k) {
    var ago = String(Math.max(0, Date.now() - k.at));
    if (!k.photo) return new URLSearchParams({ action: k.action, keptMs: ago });
    var form = new FormData();
    form.append('keptMs', ago);
    form.append('photo', new Blob([bytes(k.photo)], { type: 'image/jpeg' }), 'photo.jpg');
    return form;
  }
  function sendAll() {
    if (busy) return;
    busy = true;
    var sent = 0;
    function next() {
      var first = read()[0];
      if (!first) return Promise.resolve();
      return fetch(first.to, { method: 'POST', body: bodyOf(first), headers: { 'idempotency-key': String(first.at) + '-' + (first.action || 'photo') }, redirect: 'manual', cache: 'no-store' }).then(function (answer) {
        if (answer.type !== 'opaqueredirect' && (answer.status >= 500 || answer.status === 429)) throw new Error('later');
        sent++;
        // Another tab may have sent it, and more, meanwhile: only this one is taken off.
        write(read().filter(function (k) { return k.to !== first.to || k.at !== first.at || k.action !== first.action; }));
        return next();
      });
    }
    next().catch(function () {}).then(function () { busy = false; show(); if (sent > 0) location.reload(); });
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
      small(file.files[0], function (photo) { if (!keep({ to: form.getAttribute('action'), photo: photo, at: at })) form.submit(); else file.value = ''; }, function () { form.submit(); });
      return;
    }
    event.preventDefault();
    if (keep({ to: form.getAttribute('action'), action: button.value, at: at })) button.disabled = true; else natively(form, button);
  });
  addEventListener('online', sendAll);
  show();
  if (read().length > 0) sendAll();
  setInterval(function () {
    if (read().length > 0) { sendAll(); return; }
    var file = document.querySelector('input[type=file]');
    if (document.hidden || busy || (file && file.files.length)) return;
    fetch(location.href, { cache: 'no-store' }).then(function (answer) { return answer.ok ? answer.text() : null; }).then(function (text) {
      if (text === null || read().length > 0) return;
      var fresh = new DOMParser().parseFromString(text, 'text/html').querySelector('main'), now = document.querySelector('main');
      if (fresh && now && fresh.innerHTML !== now.innerHTML) { now.replaceWith(fresh); note = document.getElementById('kept'); show(); }
    }).catch(function () {});
  }, 10000);
})();
`;
