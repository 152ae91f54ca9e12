// The form for writing: a draft that saves itself, files that go up one by one and
// go on where they were when the line was lost, and marks for formatting. The form
// works without it.
(() => {
  'use strict';
  const form = document.querySelector('form[data-draft]');
  if (!form) return;
  const draft = form.dataset.draft;
  const state = document.getElementById('draft-state');
  const body = document.getElementById('body');
  const input = document.getElementById('files');
  const list = document.getElementById('attached');
  const problem = document.getElementById('files-error');
  for (const e of form.querySelectorAll('[data-script]')) e.hidden = false;

  // Autosave: a while after the last key, and before a file goes up.
  let timer = 0, saving = null, leaving = false;
  let changes = 0, kept = 0; // how many there were, and at which one the draft is
  const fields = () => {
    const data = new FormData(form);
    data.delete('files');
    data.set('action', 'save');
    return data;
  };
  const save = () => {
    clearTimeout(timer);
    timer = 0;
    if (leaving) return Promise.resolve(false);
    const before = saving || Promise.resolve();
    saving = before.then(async () => {
      const at = changes;
      state.textContent = form.dataset.saving;
      try {
        const answer = await fetch('/m/write', { method: 'POST', headers: { Accept: 'application/json' }, body: fields() });
        state.textContent = answer.ok ? form.dataset.saved : form.dataset.notsaved;
        // Loading the page again goes on with the draft.
        if (answer.ok) {
          history.replaceState(null, '', `/m/write/${draft}`);
          kept = at;
        }
        return answer.ok;
      } catch {
        state.textContent = form.dataset.notsaved;
        return false;
      }
    });
    return saving;
  };
  form.addEventListener('input', (event) => {
    if (event.target === input) return;
    changes++;
    clearTimeout(timer);
    timer = setTimeout(save, 3000);
  });
  addEventListener('online', () => { if (kept !== changes) save(); });
  // What was typed last is kept when somebody leaves without a word.
  addEventListener('pagehide', () => {
    if (kept === changes || leaving) return;
    fetch('/m/write', { method: 'POST', keepalive: true, headers: { Accept: 'application/json' }, body: fields() }).catch(() => {});
  });

  // Files.
  const queue = [];
  let working = false;
  const size = () => {
    let sum = 0;
    for (const k of list.querySelectorAll('input[name=kept]')) sum += Number(k.value.split(' ')[1]);
    for (const q of queue) sum += q.file.size;
    return sum;
  };
  const newID = () => {
    // A UUID of version 7 (RFC 9562): its time first.
    const b = crypto.getRandomValues(new Uint8Array(16));
    let t = Date.now();
    for (let i = 5; i >= 0; i--) { b[i] = t % 256; t = Math.floor(t / 256); }
    b[6] = (b[6] & 0x0f) | 0x70;
    b[8] = (b[8] & 0x3f) | 0x80;
    const h = [...b].map((x) => x.toString(16).padStart(2, '0')).join('');
    return `${h.slice(0, 8)}-${h.slice(8, 12)}-${h.slice(12, 16)}-${h.slice(16, 20)}-${h.slice(20)}`;
  };
  const bytes = (n) => {
    const unit = n < 1000 ? ['byte', n] : n < 1e6 ? ['kilobyte', n / 1e3] : ['megabyte', n / 1e6];
    return new Intl.NumberFormat(document.documentElement.lang, { style: 'unit', unit: unit[0], maximumFractionDigits: 1 }).format(unit[1]);
  };
  const add = (files) => {
    problem.hidden = true;
    for (const file of files) {
      if (size() + file.size > Number(input.dataset.limit)) {
        problem.textContent = input.dataset.toolarge;
        problem.hidden = false;
        continue;
      }
      const row = document.createElement('li');
      const name = document.createElement('bdi');
      name.className = 'name';
      name.textContent = file.name;
      const note = document.createElement('span');
      note.className = 'bytes';
      note.textContent = bytes(file.size);
      const bar = document.createElement('progress');
      bar.max = file.size;
      bar.value = 0;
      bar.setAttribute('aria-label', file.name);
      const stop = document.createElement('button');
      stop.type = 'button';
      stop.className = 'plain';
      stop.textContent = form.dataset.remove;
      row.append(name, note, bar, stop);
      list.append(row);
      const item = { file, id: newID(), row, bar, note, sent: 0, gone: false };
      stop.addEventListener('click', () => { item.gone = true; row.remove(); if (item.done) { changes++; save(); } input.focus(); });
      queue.push(item);
    }
    work();
  };
  const pause = (ms) => new Promise((done) => {
    const t = setTimeout(done, ms);
    addEventListener('online', () => { clearTimeout(t); done(); }, { once: true });
  });
  const upload = async (item) => {
    const part = Number(form.dataset.chunk);
    const chunk = part / 16;
    const path = `/m/write/${draft}/${item.id}`;
    for (let wait = 1000; item.sent < item.file.size && !item.gone;) {
      let data;
      try {
        data = await item.file.slice(item.sent, item.sent + part).arrayBuffer();
      } catch {
        return 0; // it is a folder, or it was changed since it was chosen
      }
      try {
        const answer = await fetch(`${path}/${item.sent / chunk}`, { method: 'POST', headers: { 'Content-Type': 'application/octet-stream' }, body: data });
        if (answer.status === 409) { // what came before the line was lost is there
          const there = await fetch(path);
          if (!there.ok) return there.status;
          const sent = Math.min((await there.json()).chunks * chunk, item.file.size);
          if (sent === item.sent) return 409; // it isn't that: the draft is no more
          item.sent = sent;
          await pause(300);
          continue;
        }
        if (answer.status >= 500 || answer.status === 429) throw new Error('busy');
        if (!answer.ok) return answer.status;
        item.sent = Math.min(item.sent + part, item.file.size);
        item.note.textContent = bytes(item.file.size);
        item.bar.value = item.sent;
        wait = 1000;
      } catch {
        item.note.textContent = form.dataset.waiting;
        await pause(wait);
        wait = Math.min(wait * 2, 30000);
      }
    }
    return 200;
  };
  const work = async () => {
    if (working || !queue.length) return;
    working = true;
    buttons(true);
    if (await save()) {
      while (queue.length) {
        const item = queue[0];
        const status = item.gone ? 200 : await upload(item);
        queue.shift();
        if (item.gone) continue;
        if (status !== 200) {
          item.row.remove();
          problem.textContent = status === 413 ? input.dataset.toolarge : status === 0 ? input.dataset.unreadable : form.dataset.notsaved;
          problem.hidden = false;
          continue;
        }
        item.bar.remove();
        item.done = true;
        const field = document.createElement('input');
        field.type = 'hidden';
        field.name = 'kept';
        field.value = `${item.id} ${item.file.size} ${encodeURIComponent(item.file.name)}`;
        item.row.prepend(field);
        changes++;
        await save();
      }
    } else {
      for (const item of queue.splice(0)) item.row.remove();
      problem.textContent = form.dataset.notsaved;
      problem.hidden = false;
    }
    working = false;
    buttons(false);
  };
  const buttons = (off) => { for (const b of form.querySelectorAll('.choices button')) b.disabled = off; };
  input.addEventListener('change', () => { add([...input.files]); input.value = ''; });
  const drop = form.querySelector('[data-drop]');
  for (const kind of ['dragover', 'dragenter']) form.addEventListener(kind, (e) => { if (e.dataTransfer && e.dataTransfer.types.includes('Files')) { e.preventDefault(); drop.classList.add('over'); } });
  for (const kind of ['dragleave', 'drop']) form.addEventListener(kind, () => drop.classList.remove('over'));
  form.addEventListener('drop', (e) => { if (e.dataTransfer.files.length) { e.preventDefault(); add([...e.dataTransfer.files]); } });
  form.addEventListener('submit', (event) => {
    if (working) { event.preventDefault(); return; }
    leaving = true;
    clearTimeout(timer);
  });
  addEventListener('pageshow', () => { leaving = false; });

  // Marks around what is selected.
  for (const button of form.querySelectorAll('[data-mark]')) {
    button.addEventListener('click', () => {
      const mark = button.dataset.mark, from = body.selectionStart, to = body.selectionEnd;
      const text = body.value.slice(from, to);
      let made = mark + text + mark;
      if (mark === '- ') made = (from && body.value[from - 1] !== '\n' ? '\n' : '') + (text || '').split('\n').map((l) => mark + l).join('\n');
      if (mark === '[') made = `[${text}](https://)`;
      body.setRangeText(made, from, to, 'end');
      if (!text && mark !== '- ') body.selectionStart = body.selectionEnd = from + (mark === '[' ? 1 : mark.length);
      body.focus();
      body.dispatchEvent(new Event('input', { bubbles: true }));
    });
  }
})();
