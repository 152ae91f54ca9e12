// Ticks off the requirements for a password while it is typed. The same rules as
// password.go, where the check counts.
(() => {
  'use strict';
  const form = document.querySelector('form[data-password]');
  if (!form) return;
  const password = document.getElementById('password');
  const repeat = document.getElementById('repeat');
  const name = document.getElementById('name');
  const words = document.getElementById('rule-words').dataset;
  const live = document.getElementById('rule-live');
  const items = {};
  for (const li of form.querySelectorAll('[data-rule]')) items[li.dataset.rule] = li;
  items.repeat.hidden = false;

  let common = [];
  fetch(form.dataset.common).then((r) => (r.ok ? r.text() : '')).then((t) => {
    common = longestFirst(t.split('\n').map((w) => w.trim()).filter((w) => w && w[0] !== '#'));
    update();
  }).catch(() => {});

  const runes = (s) => [...s].length;
  const fold = (s) => s.normalize('NFKC').replace(/[\s\p{P}\p{S}]/gu, '').toLowerCase();
  const split = (s) => s.split(/[^\p{L}\p{N}]+/u).filter((w) => runes(w) >= 4).map((w) => w.toLowerCase());
  const longestFirst = (list) => [...list].sort((a, b) => b.length - a.length);

  function unrun(s) {
    const r = [...s].map((c) => c.codePointAt(0));
    const out = [];
    r.forEach((c, i) => {
      if (i >= 2) {
        const d = c - r[i - 1];
        if (d === r[i - 1] - r[i - 2] && Math.abs(d) <= 1) return;
      }
      out.push(c);
    });
    for (let period = 1; period <= Math.floor(out.length / 2); period++) {
      let repeats = true;
      for (let i = period; i < out.length && repeats; i++) repeats = out[i] === out[i - period];
      if (repeats) return String.fromCodePoint(...out.slice(0, period));
    }
    return String.fromCodePoint(...out);
  }

  function own(s, list) {
    for (let w of list) {
      w = fold(w);
      if (runes(w) >= 4) s = s.replaceAll(w, '\0');
    }
    const seen = new Set();
    let n = 0;
    for (let part of s.split('\0')) {
      part = unrun(part);
      if (seen.has(part)) continue;
      seen.add(part);
      n += runes(part);
    }
    return n;
  }

  function state(key, met, started) {
    const li = items[key];
    if (!li) return;
    li.className = !started ? '' : met ? 'met' : 'unmet';
    li.querySelector('[data-state]').textContent = !started ? '' : ', ' + (met ? words.met : words.unmet);
  }

  let timer;
  function update() {
    const value = password.value.normalize('NFKC');
    const started = value !== '';
    const context = longestFirst([...split(form.dataset.words), ...split(name ? name.value : '')]);
    const folded = fold(value);
    const long = runes(value) >= Number(form.dataset.length);
    state('length', long, started);
    // A short password says nothing yet about what it is made of.
    state('context', own(folded, context) >= 6, started && (long || runes(value) >= 8));
    state('common', own(folded, [...context, ...common]) >= 6, started && (long || runes(value) >= 8));
    state('repeat', repeat.value === password.value, repeat.value !== '');
    clearTimeout(timer);
    timer = setTimeout(() => {
      live.textContent = Object.values(items).filter((li) => li.className === 'unmet').map((li) => li.textContent.trim()).join('. ');
    }, 1200);
  }
  for (const e of [password, repeat, name]) if (e) e.addEventListener('input', update);

  const part = form.querySelector('[data-show-part]');
  part.hidden = false;
  document.getElementById('show').addEventListener('change', (event) => {
    password.type = repeat.type = event.target.checked ? 'text' : 'password';
  });
  form.addEventListener('submit', () => { password.type = repeat.type = 'password'; });
})();
