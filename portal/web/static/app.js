// What every page has: local times, frames as tall as their mail, links whose
// code is in the fragment, and files that are too large. Pages work without it.
(() => {
  'use strict';

  // The server prints times in the reader's zone once it knows that. Until then
  // they are in UTC, and become the reader's own here.
  const secure = location.protocol === 'https:';
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (zone && /^[A-Za-z0-9_+\/-]{1,64}$/.test(zone)) {
    document.cookie = `${secure ? '__Host-' : ''}postseal-zone=${encodeURIComponent(zone)}; Path=/; Max-Age=31536000; SameSite=Lax${secure ? '; Secure' : ''}`;
  }
  for (const t of document.querySelectorAll('time[data-local]')) {
    const at = new Date(t.dateTime);
    if (isNaN(at)) continue;
    const page = document.documentElement.lang || 'en';
    const lang = page === 'en' ? 'en-GB' : page; // as the server writes dates
    const now = new Date();
    const clock = { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' };
    let style = { day: 'numeric', month: 'long', year: 'numeric', ...clock };
    if (t.dataset.local === 'short') {
      t.title = at.toLocaleString(lang, style);
      if (at.toDateString() === now.toDateString()) style = clock;
      else if (at.getFullYear() === now.getFullYear()) style = { day: 'numeric', month: 'short' };
      else style = { dateStyle: 'short' };
    }
    t.textContent = at.toLocaleString(lang, style);
  }

  // Choosing a language keeps the code of a link, which is in the fragment, or after
  // the page of the link in a field.
  for (const f of document.querySelectorAll('form[data-keep-fragment]')) {
    f.addEventListener('submit', () => {
      const code = document.querySelector('input[type=hidden]:is([name=code], [name=link])');
      f.action = f.action.split('#')[0] + (location.hash || (code && code.value ? '#' + code.value : ''));
    });
  }

  // A frame can't be as tall as its content by CSS. No script runs in it; its
  // height is read from outside.
  // What stands below it is shown when its height is known (app.css), so that nothing moves.
  for (const frame of document.querySelectorAll('iframe[data-fit]')) {
    const fit = () => {
      const root = frame.contentDocument && frame.contentDocument.documentElement;
      if (!root) return;
      frame.style.height = 'auto';
      frame.style.height = Math.min(Math.max(root.scrollHeight, 120) + 4, 30000) + 'px';
      frame.classList.add('fitted');
    };
    frame.addEventListener('load', fit);
    // Not the empty document that a frame has before its own.
    const shown = frame.contentDocument;
    if (shown && shown.readyState === 'complete' && shown.URL !== 'about:blank') fit();
    // No style rule matches a frame that the keyboard has gone into.
    const mark = () => setTimeout(() => frame.classList.toggle('entered', document.activeElement === frame));
    addEventListener('blur', mark);
    addEventListener('focus', mark);
    addEventListener('resize', fit);
  }

  // The code of a link comes in the fragment, which browsers don't send.
  const form = document.querySelector('form[data-link]');
  const codeHere = () => {
    let text = location.hash.slice(1);
    try { text = decodeURIComponent(text); } catch { /* it is as it is */ }
    const code = text.replace(/[^0-9A-Za-z]/g, '');
    return code.length === 32 ? code : '';
  };
  const fromFragment = () => {
    const code = codeHere();
    if (!form || !code) return;
    document.getElementById('code').value = code;
    document.getElementById('code-part').hidden = true;
    for (const e of document.querySelectorAll('[data-with-code]')) e.hidden = false;
    for (const e of document.querySelectorAll('[data-without-code]')) e.hidden = true;
  };
  fromFragment();
  addEventListener('hashchange', () => {
    // Another link while the page behind one of its kind is open, at the same path:
    // for the browser no new page.
    if (!form && codeHere() && /^\/([hjprs]$|a\/)/.test(location.pathname)) location.replace(`${location.pathname}?${location.hash}`);
    fromFragment();
  });
  if (form) {
    // Going back must not show the code in the address bar again.
    form.addEventListener('submit', () => history.replaceState(null, '', location.pathname));
  }

  // A typed code: the link's token, which opens nothing, tells where it belongs.
  // So the code of a one-time message stays in the browser.
  const find = document.querySelector('form[data-find]');
  if (find && window.crypto && crypto.subtle) {
    find.addEventListener('submit', async (event) => {
      const text = document.getElementById('code').value;
      const code = bytesOf(text);
      if (!code) return; // the server says what is wrong with it
      event.preventDefault();
      const problem = document.getElementById('find-error');
      problem.hidden = true;
      try {
        const key = await crypto.subtle.importKey('raw', code, 'HKDF', false, ['deriveBits']);
        const bits = await crypto.subtle.deriveBits({ name: 'HKDF', hash: 'SHA-256', salt: new Uint8Array(), info: new TextEncoder().encode('postseal v1 link token') }, key, 256);
        const token = btoa(String.fromCharCode(...new Uint8Array(bits))).replace(/\+/g, '-').replace(/\//g, '_').replace(/=/g, '');
        const answer = await fetch('/code/find', { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ token }) });
        const found = await answer.json();
        if (answer.ok) {
          location.assign(found.to + '#' + clean(text));
          return;
        }
        problem.textContent = problem.dataset[found.error] || problem.dataset.other;
      } catch {
        problem.textContent = problem.dataset.other;
      }
      problem.hidden = false;
    });
  }

  const alphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
  function clean(text) {
    return text.toUpperCase().replace(/[\s\u00a0\u2010\u2011\u2013-]/g, '').replace(/O/g, '0').replace(/[IL]/g, '1');
  }
  function bytesOf(text) {
    const s = clean(text);
    if (s.length !== 32) return null;
    const out = new Uint8Array(20);
    let acc = 0, bits = 0, n = 0;
    for (const c of s) {
      const v = alphabet.indexOf(c);
      if (v < 0) return null;
      acc = (acc << 5) | v;
      bits += 5;
      if (bits >= 8) {
        bits -= 8;
        out[n++] = acc >> bits;
        acc &= (1 << bits) - 1;
      }
    }
    return out;
  }

  // Too much to upload is said before, not after.
  for (const f of document.querySelectorAll('form[data-reply]')) {
    if (f.dataset.draft) continue; // write.js
    const files = f.querySelector('input[type=file]');
    const problem = f.querySelector('#files-error');
    const tooLarge = () => {
      if (!files || !files.dataset.limit || !problem) return false;
      let sum = 0;
      for (const file of files.files) sum += file.size;
      const over = sum > Number(files.dataset.limit);
      problem.textContent = over ? files.dataset.toolarge : '';
      problem.hidden = !over;
      files.toggleAttribute('aria-invalid', over);
      if (over) files.setAttribute('aria-invalid', 'true');
      return over;
    };
    if (files) files.addEventListener('change', tooLarge);
    // An empty answer is kept here: the page that it would be sent from can't come back.
    const body = f.querySelector('[data-empty]');
    const fill = () => body.setCustomValidity(body.value.trim() || files.files.length ? '' : body.dataset.empty);
    if (body) {
      for (const type of ['input', 'change']) f.addEventListener(type, fill);
      fill();
    }
    f.addEventListener('submit', (event) => {
      if (tooLarge()) {
        event.preventDefault();
        files.focus();
        return;
      }
      for (const b of f.querySelectorAll('button[type=submit]')) b.disabled = true;
    });
    // Back from the next page: it can be sent again.
    addEventListener('pageshow', () => { for (const b of f.querySelectorAll('button[type=submit]')) b.disabled = false; });
  }

  // All of a list at once.
  for (const all of document.querySelectorAll('[data-all]')) {
    const rows = () => document.querySelectorAll('.row .pick input');
    all.closest('[data-script]').hidden = false;
    all.addEventListener('change', () => { for (const r of rows()) r.checked = all.checked; });
  }
})();
