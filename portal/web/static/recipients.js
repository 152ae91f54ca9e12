// Suggestions while recipients are typed: the account's contacts at once, then the
// organisation's directory. The pattern is that of a combobox with a list
// (WAI-ARIA Authoring Practices): the field keeps the focus, the arrows move in
// the list, Enter takes what is marked, Escape closes. The fields work without it.
//
// It is loaded before the page is shown: what is for those without scripts is then
// not there for a moment.
document.documentElement.classList.add('scripts');
addEventListener('DOMContentLoaded', () => {
  'use strict';
  const state = document.getElementById('suggested');
  if (!state) return;
  const contacts = [...document.querySelectorAll('#contacts option')].map((o) => ({ address: o.value, name: o.textContent.trim() }));
  const fold = (s) => s.toLocaleLowerCase();
  const pause = 250; // ms without a key before the directory is asked
  const rest = 30000; // ms without a question after it could not answer
  let away = 0; // until then the directory is not asked
  let directory = 'directory' in state.dataset;

  const known = (typed, there) => contacts.filter((k) => {
    const begin = (s) => fold(s).startsWith(typed);
    return !there.has(fold(k.address)) && (begin(k.address) || begin(k.name) || k.name.split(/\s+/).some(begin));
  }).slice(0, 6);

  for (const field of document.querySelectorAll('[data-suggest]')) {
    const input = field.querySelector('input');
    input.removeAttribute('list');
    const box = document.createElement('div');
    box.className = 'suggestions';
    box.hidden = true;
    const list = document.createElement('ul');
    list.id = `${input.id}-suggestions`;
    list.setAttribute('role', 'listbox');
    list.setAttribute('aria-label', state.dataset.label);
    const note = document.createElement('p');
    note.className = 'hint';
    box.append(list, note);
    input.after(box);
    for (const [name, value] of Object.entries({ role: 'combobox', 'aria-autocomplete': 'list', 'aria-expanded': 'false', 'aria-controls': list.id })) input.setAttribute(name, value);

    let marked = -1, timer = 0, asking = null, shown = '';

    // The address at the caret, and where it stands in the line.
    const typed = () => {
      const at = input.selectionStart ?? input.value.length;
      const from = Math.max(input.value.lastIndexOf(',', at - 1), input.value.lastIndexOf(';', at - 1)) + 1;
      const rest = input.value.slice(at).search(/[,;]/);
      return { from, to: rest < 0 ? input.value.length : at + rest, text: input.value.slice(from, at).trim() };
    };
    const others = () => {
      const { from, to } = typed();
      return new Set((input.value.slice(0, from) + ',' + input.value.slice(to)).split(/[,;]/).map((s) => fold(s.trim())));
    };
    const close = () => {
      clearTimeout(timer);
      if (asking) asking.abort();
      asking = null;
      box.hidden = true;
      list.replaceChildren();
      mark(-1);
      input.setAttribute('aria-expanded', 'false');
      state.textContent = '';
      shown = '';
    };
    const mark = (n) => {
      const options = list.children;
      if (options[marked]) options[marked].setAttribute('aria-selected', 'false');
      marked = n;
      if (!options[n]) {
        input.removeAttribute('aria-activedescendant');
        return;
      }
      options[n].setAttribute('aria-selected', 'true');
      options[n].scrollIntoView({ block: 'nearest' });
      input.setAttribute('aria-activedescendant', options[n].id);
    };
    const take = (option) => {
      const { from, to } = typed();
      const after = input.value.slice(to).replace(/^[,;\s]+/, '');
      const before = input.value.slice(0, from).replace(/\s*$/, '');
      const line = (before ? before + ' ' : '') + option.dataset.address + ', ';
      input.value = line + after;
      input.setSelectionRange(line.length, line.length);
      close();
      input.dispatchEvent(new Event('input', { bubbles: true }));
      input.focus();
    };
    const show = (people, said) => {
      const keep = list.children[marked]?.dataset.address;
      list.replaceChildren(...people.map((k, n) => {
        const option = document.createElement('li');
        option.id = `${list.id}-${n}`;
        option.dataset.address = k.address;
        option.setAttribute('role', 'option');
        option.setAttribute('aria-selected', 'false');
        if (k.name) {
          const name = document.createElement('bdi');
          name.textContent = k.name;
          option.append(name, ' ');
        }
        const address = document.createElement('bdi');
        address.className = 'via';
        address.textContent = k.address;
        option.append(address);
        return option;
      }));
      marked = -1;
      mark(keep ? people.findIndex((k) => k.address === keep) : -1);
      note.textContent = said;
      note.hidden = !said;
      list.hidden = !people.length;
      box.hidden = !people.length && !said;
      input.setAttribute('aria-expanded', String(people.length > 0));
      state.textContent = people.length || said ? [people.length ? state.dataset.count.replace('#', people.length) : '', said].filter(Boolean).join('. ') : '';
    };
    const ask = async (text, first, there) => {
      asking = new AbortController();
      const mine = asking;
      let said = '', found = [];
      try {
        const answer = await fetch('/m/people', { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ text }), signal: mine.signal });
        if (answer.ok) {
          const out = await answer.json();
          found = out.people;
          const nobody = !first.length && !found.length && !text.includes('@'); // an address need not be known
          said = out.more ? state.dataset.more : nobody ? state.dataset.none : '';
        } else if (answer.status === 401 || answer.status === 404) {
          directory = false;
        } else if (answer.status === 429 || answer.status >= 500) {
          away = Date.now() + rest;
          said = answer.status === 429 ? state.dataset.throttled : state.dataset.away;
        }
      } catch {
        return; // another question, or no line
      }
      if (mine !== asking || shown !== text) return;
      asking = null;
      const seen = new Set(first.map((k) => fold(k.address)));
      const named = first.map((k) => k.name ? k : found.find((f) => fold(f.address) === fold(k.address)) || k);
      show([...named, ...found.filter((k) => !seen.has(fold(k.address)) && !there.has(fold(k.address)))], said);
    };
    const suggest = () => {
      const { text } = typed();
      if (text === shown) return;
      clearTimeout(timer);
      if (asking) asking.abort();
      asking = null;
      if (!text) {
        close();
        return;
      }
      shown = text;
      const there = others(), first = known(fold(text), there);
      show(first, '');
      const letters = text.match(/[\p{L}\p{N}]/gu) || [];
      if (directory && letters.length >= 2 && text.length <= 64 && Date.now() >= away) timer = setTimeout(() => ask(text, first, there), pause);
    };
    input.addEventListener('input', suggest);
    input.addEventListener('keydown', (event) => {
      const n = list.children.length;
      if (event.isComposing || event.ctrlKey || event.metaKey) return;
      switch (event.key) {
        case 'ArrowDown':
        case 'ArrowUp':
          if (box.hidden) suggest();
          if (!list.children.length) return;
          mark(event.key === 'ArrowDown' ? (marked + 1) % list.children.length : (marked <= 0 ? list.children.length : marked) - 1);
          break;
        case 'Enter':
          if (box.hidden || marked < 0 || !n) return;
          take(list.children[marked]);
          break;
        case 'Escape':
          if (box.hidden) return;
          close();
          break;
        default:
          return;
      }
      event.preventDefault();
    });
    // A press in the list must not take the focus from the field.
    box.addEventListener('pointerdown', (event) => event.preventDefault());
    box.addEventListener('mousedown', (event) => event.preventDefault());
    list.addEventListener('click', (event) => {
      const option = event.target.closest('[role=option]');
      if (option) take(option);
    });
    input.addEventListener('blur', close);
  }
});
