// Opens a one-time message in the browser. The code from the link's fragment
// stays here: the server gets the link's token, which opens nothing, and returns
// the sealed message. So does a PIN: the server gets what it is stretched to, and
// of that the half which opens nothing. See package seal of the store for the
// formats; the labels below are of its.
import { Decrypter } from 'age-encryption';
import { xchacha20poly1305 } from '@noble/ciphers/chacha.js';
import { bech32 } from '@scure/base';
import DOMPurify from 'dompurify';
import PostalMime from 'postal-mime';

const labelLinkToken = 'postseal v1 link token';
const labelLinkKey = 'postseal v1 link key';
const labelPINSalt = 'postseal v1 pin ';
const labelPINWrap = 'postseal v1 pin wrap';
const labelPINVerifier = 'postseal v1 pin verifier';
const pinRounds = 600000;
const maxHTML = 1 << 20;
const maxInline = 4 << 20;

const $ = (id) => document.getElementById(id);
const utf8 = new TextEncoder();

// ---- codes and keys (store/seal/code.go, derive.go) ----

const alphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'; // Crockford's base 32

export function cleanCode(text) {
  return text.toUpperCase().replace(/[\s\u00a0\u2010\u2011\u2013-]/g, '').replace(/O/g, '0').replace(/[IL]/g, '1');
}

export function parseCode(text) {
  const s = cleanCode(text);
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

// derive is HKDF-SHA256 without salt (RFC 5869), 32 octets.
export async function derive(secret, label) {
  const key = await crypto.subtle.importKey('raw', secret, 'HKDF', false, ['deriveBits']);
  return new Uint8Array(await crypto.subtle.deriveBits(
    { name: 'HKDF', hash: 'SHA-256', salt: new Uint8Array(), info: utf8.encode(label) }, key, 256));
}

// stretchPIN is package seal's StretchPIN: PBKDF2-HMAC-SHA256 (RFC 8018).
export async function stretchPIN(pin, id) {
  const key = await crypto.subtle.importKey('raw', utf8.encode(pin), 'PBKDF2', false, ['deriveBits']);
  const master = await crypto.subtle.deriveBits(
    { name: 'PBKDF2', hash: 'SHA-256', salt: utf8.encode(labelPINSalt + id), iterations: pinRounds }, key, 256);
  return { wrap: await derive(master, labelPINWrap), verifier: await derive(master, labelPINVerifier) };
}

// parsePIN reads a PIN as a person types it.
export function parsePIN(text) {
  const s = text.replace(/[\s\u00a0-]/g, '');
  return /^[0-9]{8}$/.test(s) ? s : null;
}

// unbox opens what package seal's Box sealed: the nonce of 24 octets comes first.
export function unbox(key, sealed, place) {
  return xchacha20poly1305(key, sealed.subarray(0, 24), utf8.encode(place)).decrypt(sealed.subarray(24));
}

export function identityOf(seed) {
  return bech32.encode('age-secret-key-pq-', bech32.toWords(seed), false).toUpperCase();
}

const base64url = (b) => btoa(String.fromCharCode(...b)).replace(/\+/g, '-').replace(/\//g, '_').replace(/=/g, '');
const base64 = (b) => btoa(String.fromCharCode(...b));
const unbase64 = (s) => Uint8Array.from(atob(s), (c) => c.charCodeAt(0));
const hex = (b) => Array.from(b, (x) => x.toString(16).padStart(2, '0')).join('');
const sha256 = async (b) => hex(new Uint8Array(await crypto.subtle.digest('SHA-256', b)));

// ---- the message ----

class Refused extends Error {
  constructor(key, about = {}) {
    super(key);
    this.key = key;
    this.about = about; // who took the message back, and when
  }
}

async function ask(path, token, more = {}) {
  const r = await fetch(path, {
    method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ token, ...more }), cache: 'no-store',
  }).catch(() => { throw new Refused('unavailable'); });
  if (!r.ok) {
    const e = await r.json().catch(() => ({}));
    throw new Refused(e.error || (r.status >= 500 ? 'unavailable' : 'internal'), e);
  }
  return r;
}

async function decrypt(identity, sealed, as) {
  const d = new Decrypter();
  d.addIdentity(identity);
  return d.decrypt(sealed, as);
}

async function payload(id, token, size, progress) {
  const r = await ask(`/o/${id}/payload`, token);
  const out = new Uint8Array(size);
  let at = 0;
  for (const reader = r.body.getReader(); ;) {
    const { done, value } = await reader.read();
    if (done) break;
    if (at + value.length > size) throw new Refused('integrity');
    out.set(value, at);
    at += value.length;
    progress(at / size);
  }
  if (at !== size) throw new Refused('integrity');
  return out;
}

// open returns the message's octets and what the manifest says. Everything is
// compared before anything is shown. Without a PIN, a message that has one is
// refused as 'needpin'.
async function open(id, code, pin, progress) {
  const token = base64url(await derive(code, labelLinkToken));
  let found = await (await ask(`/o/${id}/open`, token)).json();
  let wrap;
  if (found.needsPIN) {
    if (!pin) throw new Refused('needpin');
    const keys = await stretchPIN(pin, id);
    found = await (await ask(`/o/${id}/pin`, token, { verifier: base64(keys.verifier) })).json();
    wrap = keys.wrap;
  }
  const manifest = JSON.parse(new TextDecoder().decode(unbase64(found.manifest)));
  if (manifest.v !== 1 || manifest.message !== id || manifest.mode !== 'one-time') throw new Refused('integrity');
  const sealed = await payload(id, token, manifest.payload_size, (part) => progress('fetch', part));
  progress('open', 1);
  try {
    if ((await sha256(sealed)) !== manifest.payload) throw new Refused('integrity');
    const grant = JSON.parse(await decrypt(identityOf(await derive(code, labelLinkKey)), unbase64(found.grant), 'text'));
    if (grant.v !== 1 || grant.message !== id || grant.recipient !== manifest.recipient || grant.payload !== manifest.payload) {
      throw new Refused('integrity');
    }
    const locked = Boolean(manifest.restrict && manifest.restrict.pin);
    if (locked !== Boolean(wrap)) throw new Refused('integrity');
    const key = locked ? new TextDecoder().decode(unbox(wrap, unbase64(grant.locked), labelPINWrap + id)) : grant.key;
    const message = await decrypt(key, sealed, 'uint8array');
    return { token, message, manifest, found };
  } catch (e) {
    throw e instanceof Refused ? e : new Refused('integrity');
  }
}

// ---- showing it ----

// cleanName is package display's CleanName.
export function cleanName(name, kind) {
  let s = String(name || '').split(/[/\\]/).pop()
    .replace(/[<>:"|?*;%\ufffd]/g, '_').replace(/[\p{Cc}\p{Cf}\p{Co}\p{Zl}\p{Zp}\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0\ufff0-\ufff8]/gu, '').replace(/\s+/g, ' ').replace(/^[. ]+|[. ]+$/g, '');
  if (!s) s = 'attachment' + ({ 'application/pdf': '.pdf', 'text/calendar': '.ics', 'text/plain': '.txt', 'message/rfc822': '.eml' }[kind] || '.bin');
  if (/^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/i.test(s)) s = '_' + s;
  if (s.length > 120) {
    const dot = s.lastIndexOf('.');
    const ext = dot > 0 && s.length - dot <= 16 ? s.slice(dot) : '';
    s = s.slice(0, 120 - ext.length).replace(/[. ]+$/, '') + ext;
  }
  return s;
}

// oneLine and cleanText are package display's Decode and validText.
const oneLine = (s) => {
  const line = String(s || '').replace(/[\p{Cc}\u202a-\u202e\u2066-\u2069]/gu, ' ').replace(/\s+/g, ' ').trim();
  return /[^\s\p{Cf}\p{Default_Ignorable_Code_Point}\u2800]/u.test(line) ? line : '';
};
const cleanText = (s) => s.replace(/\r\n?/g, '\n').replace(/[^\P{Cc}\n\t]|[\u202a-\u202e\u2066-\u2069]/gu, '');

const properties = new Set(('background background-color border border-top border-right border-bottom border-left border-color ' +
  'border-style border-width border-radius border-collapse border-spacing clear color direction display float font font-family ' +
  'font-size font-style font-variant font-weight height letter-spacing line-height list-style list-style-type margin margin-top ' +
  'margin-right margin-bottom margin-left max-height max-width min-height min-width padding padding-top padding-right ' +
  'padding-bottom padding-left table-layout text-align text-decoration text-indent text-transform vertical-align white-space ' +
  'width word-break word-spacing word-wrap').split(' '));

function cleanStyle(s) {
  if (s.length > 4096) return '';
  return s.split(';').map((d) => {
    const i = d.indexOf(':');
    const property = d.slice(0, i).trim().toLowerCase();
    const value = d.slice(i + 1).trim();
    const plain = value.replace(/\b(rgb|hsl)a?\([\d .,%/-]{1,62}\)/gi, '');
    return i > 0 && value && properties.has(property) && !/[(\\@{}<>&]|\/\*/.test(plain) ? `${property}: ${value}` : '';
  }).filter(Boolean).join('; ');
}

// purifier returns what cleans a mail's HTML: the same as package display does on
// the server, with no element that acts, loads or names itself.
//
// It works in the frame's own window, whose policy allows styles and nothing
// else: what is parsed there, even before it is clean, can't run or load.
function purify(html, pictures, frame) {
  const purifier = DOMPurify(frame.contentWindow);
  let remote = false;
  let room = (maxInline * 4) / 3;
  const dataPicture = /^data:image\/(png|jpeg|gif|webp);base64,[A-Za-z0-9+/]/;
  // The body element goes; its looks stay.
  const body = { style: '', color: '' };
  purifier.addHook('beforeSanitizeElements', (node) => {
    if (node.nodeName === 'BODY' && node.attributes) {
      body.style = cleanStyle(node.getAttribute('style') || '');
      body.color = node.getAttribute('bgcolor') || '';
    }
  });
  purifier.addHook('uponSanitizeAttribute', (node, data) => {
    switch (data.attrName) {
      case 'style':
        data.attrValue = cleanStyle(data.attrValue);
        data.keepAttr = data.attrValue !== '';
        break;
      case 'src': {
        let src = data.attrValue.trim();
        if (/^cid:/i.test(src)) src = pictures.get(unescapeID(src.slice(4))) || 'data:';
        if (node.nodeName === 'IMG' && dataPicture.test(src) && src.length <= room) {
          room -= src.length;
          node.setAttribute('src', src); // a forced attribute keeps the value it has
          data.attrValue = src;
          data.forceKeepAttr = true;
        } else {
          if (!src.startsWith('data:')) remote = true;
          data.keepAttr = false;
        }
        break;
      }
      case 'href':
        // With a host: "https:/logout" is a page of this portal.
        if (node.nodeName !== 'A' || !/^(https?:\/\/[^/\\\s]|mailto:|tel:)/i.test(data.attrValue.trim())) data.keepAttr = false;
        break;
      case 'background':
        remote = true;
        data.keepAttr = false;
        break;
    }
  });
  purifier.addHook('afterSanitizeAttributes', (node) => {
    if (node.nodeName === 'A' && node.hasAttribute('href')) {
      node.setAttribute('target', '_blank');
      node.setAttribute('rel', 'noopener noreferrer');
    }
  });
  // With a body to begin with, a frameset can't take its place.
  const fragment = purifier.sanitize(`<body>${html}`, {
    RETURN_DOM_FRAGMENT: true,
    ALLOWED_TAGS: ('a abbr address article aside b bdi bdo big blockquote br caption center cite code col colgroup dd del details ' +
      'dfn div dl dt em figcaption figure font footer h1 h2 h3 h4 h5 h6 header hr i img ins kbd li main mark nav ol p pre q s samp ' +
      'section small span strike strong sub summary sup table tbody td tfoot th thead time tr tt u ul var wbr').split(' '),
    ALLOWED_ATTR: ('href src alt title style align valign dir lang width height border cellpadding cellspacing bgcolor colspan ' +
      'rowspan span color size face start value type nowrap open').split(' '),
    ALLOW_DATA_ATTR: false,
    ALLOW_ARIA_ATTR: false,
    ALLOW_UNKNOWN_PROTOCOLS: false,
    ALLOWED_URI_REGEXP: /^(?:https?:|mailto:|tel:)/i,
    // Everything that isn't named here would have to look like a URL.
    ADD_URI_SAFE_ATTR: ('alt title style align valign dir lang width height border cellpadding cellspacing bgcolor colspan ' +
      'rowspan span color size face start value type nowrap open').split(' '),
    ADD_DATA_URI_TAGS: ['img'],
    SANITIZE_DOM: true,
    FORBID_CONTENTS: ['script', 'style', 'svg', 'math', 'template', 'title', 'noscript', 'iframe', 'object', 'textarea', 'select', 'xmp', 'audio', 'video'],
  });
  const page = fragment.ownerDocument.createElement('div');
  if (body.style) page.setAttribute('style', body.style);
  if (/^(#[0-9a-f]{3,8}|[a-z]{1,30})$/i.test(body.color)) page.setAttribute('bgcolor', body.color);
  page.append(fragment);
  return { page, remote };
}

function unescapeID(s) {
  try {
    return decodeURIComponent(s);
  } catch {
    return s;
  }
}

// Numbers and times as the page's language writes them; it is the server's choice,
// whose English dates have the day first.
const page = document.documentElement.lang || 'en';
const lang = page === 'en' ? 'en-GB' : page;
const unit = (n, digits, name) => `${new Intl.NumberFormat(lang, { maximumFractionDigits: digits }).format(n)}\u00a0${name}`;
const size = (n) => {
  const names = $('message').dataset.units.split(' ');
  return n < 1000 ? unit(n, 0, names[0]) : n < 999500 ? unit(n / 1000, 0, names[1]) : unit(n / 1e6, 1, names[2]);
};
const when = (d) => {
  const at = new Date(d);
  return isNaN(at) ? '' : at.toLocaleString(lang, { dateStyle: 'long', timeStyle: 'short', hourCycle: 'h23' });
};
const person = (a) => !a ? '' : a.group ? a.group.map(person).join(', ') : a.name ? `${a.name} <${a.address}>` : a.address;
const people = (list) => oneLine((list || []).map(person).join(', '));

function save(bytes, name, type = 'application/octet-stream') {
  // Never under the mail's own type: the browser is to save it, not to show it.
  const url = URL.createObjectURL(new Blob([bytes], { type }));
  const a = document.createElement('a');
  a.href = url;
  a.download = name;
  document.body.append(a);
  a.click();
  a.remove();
  setTimeout(() => URL.revokeObjectURL(url), 60000);
}

// The parser reads line by line and so changes line ends in parts that aren't
// base64. exactLeaves finds those parts again in the message itself, octet for
// octet (RFC 2046 section 5.1.1: the line end before a boundary is the boundary's).
function exactLeaves(text, depth = 0, out = []) {
  const end = /\r?\n\r?\n/.exec(text);
  if (!end || depth > 30 || out.length > 1000) return out;
  const header = `\n${text.slice(0, end.index)}`.replace(/\r?\n[ \t]+/g, ' ');
  const body = text.slice(end.index + end[0].length);
  const field = (name) => (new RegExp(`\\n${name}:([^\\r\\n]*)`, 'i').exec(header) || ['', ''])[1].trim();
  const boundary = /^multipart\/.*?;\s*boundary=(?:"([^"]+)"|([^\s;]+))/i.exec(field('content-type'));
  if (boundary) {
    const mark = (boundary[1] || boundary[2]).replace(/[^\w]/g, '\\$&');
    const pieces = body.split(new RegExp(`(?:^|\\r?\\n)--${mark}(?:--)?[ \\t]*(?=\\r?\\n|$)`));
    for (const piece of pieces.slice(1)) exactLeaves(piece.replace(/^\r?\n/, /^\r?\n\r?\n/.test(piece) ? '\r\n' : ''), depth + 1, out);
    return out;
  }
  const encoding = field('content-transfer-encoding').toLowerCase();
  if (encoding === 'quoted-printable') {
    out.push(body.replace(/[ \t]+(?=\r?\n|$)/g, '').replace(/=\r?\n/g, '').replace(/=([0-9a-f]{2})/gi, (_, h) => octets[parseInt(h, 16)]));
  } else if (encoding !== 'base64') {
    out.push(body);
  }
  return out;
}

// octets are the characters that stand for the 256 octets in the strings here:
// windows-1252 gives each one of its own, and browsers decode it fast.
const latin = new TextDecoder('windows-1252');
const octets = [...latin.decode(Uint8Array.from({ length: 256 }, (_, i) => i))];
const octetOf = new Map(octets.map((c, i) => [c, i]));

const binary = (bytes) => {
  let s = '';
  for (let i = 0; i < bytes.length; i += 0x8000) s += String.fromCharCode(...bytes.subarray(i, i + 0x8000));
  return s;
};
const plain = (s) => s.replace(/\r\n/g, '\n').replace(/\n+$/, '');

// mendLineEnds gives attachments back the line ends that they were sent with. One
// is taken only where it is the same but for them.
function mendLineEnds(attachments, message) {
  let leaves;
  for (const a of attachments) {
    if (a.bytes.length > 1 << 22 || a.bytes.at(-1) !== 10) continue; // what the parser changed ends in a line feed
    leaves ||= exactLeaves(latin.decode(message));
    const text = plain(latin.decode(a.bytes));
    const exact = leaves.find((l) => l.length < 1 << 23 && plain(l) === text);
    if (exact !== undefined) a.bytes = Uint8Array.from(exact, (c) => octetOf.get(c));
  }
  return attachments;
}

function attachmentsOf(mail, used) {
  return mail.attachments.filter((a) => !used.has(a)).map((a) => {
    const bytes = a.content instanceof ArrayBuffer ? new Uint8Array(a.content) : typeof a.content === 'string' ? utf8.encode(a.content) : a.content;
    return { part: a, name: cleanName(a.filename, a.mimeType), bytes };
  });
}

// picturesOf returns the cid: pictures of the HTML as data: URLs.
function picturesOf(mail, html) {
  const pictures = new Map();
  const used = new Set();
  for (const a of mail.attachments) {
    const id = (a.contentId || '').replace(/^<|>$/g, '');
    if (!id || !/^image\/(png|jpeg|gif|webp)$/.test(a.mimeType) || a.disposition === 'attachment' || !html.includes(id)) continue;
    const bytes = new Uint8Array(a.content);
    pictures.set(id, `data:${a.mimeType};base64,${btoa(binary(bytes))}`);
    used.add(a);
  }
  return { pictures, used };
}

function show(view) {
  for (const id of ['ask', 'pin-part', 'work', 'message', 'reasons']) $(id).hidden = id !== view;
}

function fail(key, about = {}) {
  const by = $('recalled-by');
  by.hidden = key !== 'recalled' || !about.by;
  by.textContent = by.dataset.by.replace('%', about.by || '') + (about.at ? `, ${when(about.at)}` : '');
  let reason = document.querySelector(`[data-reason="${CSS.escape(key)}"]`);
  if (!reason) reason = document.querySelector('[data-reason="internal"]');
  for (const s of document.querySelectorAll('[data-reason]')) s.hidden = s !== reason;
  show('reasons');
  reason.querySelector('h1').focus();
}

async function display({ token, message, manifest, found }) {
  const mail = await PostalMime.parse(message, { maxNestingDepth: 30, forceRfc822Attachments: true });
  let html = mail.html || '';
  $('m-cut').hidden = html.length <= maxHTML;
  if (html.length > maxHTML) html = '';
  const subject = oneLine(mail.subject);
  document.title = (subject || $('m-subject').dataset.none) + document.title.slice(document.title.lastIndexOf(' · '));
  $('m-subject').textContent = subject || $('m-subject').dataset.none;
  let from = people([mail.from].filter(Boolean)) || manifest.sender;
  if (manifest.sender && mail.from && (mail.from.address || '').toLowerCase() !== manifest.sender.toLowerCase()) from += ` (${manifest.sender})`;
  $('m-from').textContent = from;
  for (const f of ['to', 'cc']) {
    $(`m-${f}`).textContent = people(mail[f]);
    $(`m-${f}-row`).hidden = !people(mail[f]);
  }
  $('m-date').textContent = when(mail.date);
  $('m-expires').textContent = when(found.expires);

  const { pictures, used } = picturesOf(mail, html);
  const list = $('m-attachments').querySelector('ul');
  list.replaceChildren();
  const files = mendLineEnds(attachmentsOf(mail, used), message);
  for (const a of files) {
    const b = document.createElement('button');
    b.type = 'button';
    const name = document.createElement('span');
    name.className = 'name';
    name.textContent = a.name;
    const bytes = document.createElement('span');
    bytes.className = 'bytes';
    bytes.textContent = size(a.bytes.length);
    b.append($('icon-save').content.cloneNode(true), name, bytes);
    b.addEventListener('click', () => save(a.bytes, a.name));
    const li = document.createElement('li');
    li.append(b);
    list.append(li);
  }
  $('m-attachments').hidden = list.children.length === 0;

  await invite(mail, files, { token, manifest, found });

  const dl = $('m-headers').querySelector('dl');
  dl.replaceChildren();
  for (const h of mail.headers.slice(0, 500)) {
    const row = document.createElement('div');
    const dt = document.createElement('dt');
    const dd = document.createElement('dd');
    dt.textContent = oneLine(h.originalKey || h.key);
    dd.textContent = oneLine(h.value).slice(0, 4000);
    row.append(dt, dd);
    dl.append(row);
  }

  let text = mail.text || '';
  if (html) {
    await load($('m-frame'));
    try {
      const { page, remote } = purify(html, pictures, $('m-frame'));
      $('m-remote').hidden = !remote;
      if (!text) text = page.textContent;
      $('m-frame').contentDocument.body.replaceChildren(page);
    } catch {
      html = ''; // the text is all there is to show
    }
    $('m-unsafe').hidden = Boolean(html);
  }
  $('m-text').textContent = cleanText(text);
  $('m-original').onclick = () => save(message, cleanName((subject || 'message').slice(0, 80) + '.eml'));

  const views = $('m-switch');
  views.hidden = !html;
  const choose = (mode) => {
    $('m-frame').hidden = mode !== 'html';
    $('m-text').hidden = false;
    $('m-text').classList.toggle('print-only', mode !== 'text'); // a frame is cut on paper
    for (const b of views.querySelectorAll('button')) {
      if (b.dataset.view === mode) b.setAttribute('aria-current', 'true');
      else b.removeAttribute('aria-current');
    }
    if (mode === 'html') fit($('m-frame'));
  };
  views.onclick = (event) => event.target.dataset.view && choose(event.target.dataset.view);

  const limits = manifest.restrict || {};
  $('m-reply').hidden = !found.canReply || Boolean(limits.noReply);
  $('m-noreply').hidden = !limits.noReply;
  $('m-noprint').hidden = $('m-printnote').hidden = !limits.noPrint;
  $('m-original').hidden = Boolean(limits.noPrint);
  $('message').classList.toggle('no-print', Boolean(limits.noPrint));
  $('r-token').value = token;
  $('r-subject').value = /^re:/i.test(subject) ? subject : `Re: ${subject}`;
  show('message');
  choose(html ? 'html' : 'text');
  $('m-subject').focus();
}

// invite shows the card of the first calendar object, if there is one. Its script
// comes only then.
async function invite(mail, files, { token, manifest, found }) {
  const card = $('m-invitation');
  const part = mail.attachments.find((a) => a.mimeType === 'text/calendar');
  card.hidden = $('m-uncalendar').hidden = true;
  if (!part) return;
  let result = 'unreadable';
  try {
    const { show } = await import(card.dataset.script);
    result = show(card, new TextDecoder().decode(part.content), {
      token,
      senders: [manifest.sender, (mail.from && mail.from.address) || ''],
      hasText: Boolean(mail.text || mail.html),
      canAnswer: found.canReply && !(manifest.restrict && manifest.restrict.noReply),
    });
  } catch { /* the file is there */ }
  $('m-uncalendar').hidden = result !== 'unreadable';
  const file = files.find((f) => f.part === part);
  $('m-calendar').onclick = () => file && save(file.bytes, file.name, 'text/calendar');
}

// load fetches the frame's empty document, which brings a policy of its own from
// the server. No script runs there.
function load(frame) {
  return new Promise((resolve, reject) => {
    frame.addEventListener('load', () => (frame.contentDocument && frame.contentDocument.body ? resolve() : reject(new Refused('internal'))), { once: true });
    $('message').hidden = false; // a frame that isn't rendered need not load
    frame.hidden = false;
    frame.src = '/frame';
  });
}

function fit(frame) {
  const root = frame.contentDocument && frame.contentDocument.documentElement;
  if (!root) return;
  frame.style.height = 'auto';
  frame.style.height = `${Math.min(Math.max(root.scrollHeight, 120) + 4, 30000)}px`;
}

// ---- the page ----

function fromFragment() {
  let text = location.hash.slice(1);
  try {
    text = decodeURIComponent(text);
  } catch { /* as it is */ }
  if (!parseCode(text)) return;
  $('code').value = cleanCode(text);
  $('code-part').hidden = true;
  for (const e of document.querySelectorAll('[data-with-code]')) e.hidden = false;
  for (const e of document.querySelectorAll('[data-without-code]')) e.hidden = true;
}

function start() {
  const form = $('open-form');
  if (!form || !window.crypto || !crypto.subtle) return; // the form goes to the server
  fromFragment();
  addEventListener('hashchange', fromFragment);
  addEventListener('resize', () => fit($('m-frame')));
  let code = null;
  const run = async (pin) => {
    const words = $('work-text').dataset;
    show('work');
    $('work-text').textContent = words.fetch;
    try {
      const opened = await open($('message').dataset.id, code, pin, (step, part) => {
        $('work-text').textContent = words[step];
        $('work-bar').value = step === 'fetch' ? part * 80 : 90;
      });
      // The code has done its work: out of the address bar.
      history.replaceState(null, '', location.pathname);
      $('code').value = $('pin').value = '';
      code = null;
      $('work-text').textContent = words.read;
      await display(opened);
    } catch (e) {
      if (e instanceof Refused && (e.key === 'needpin' || e.key === 'pin')) askPIN(e.key === 'pin' ? $('pin-form').dataset.wrong : '');
      else fail(e instanceof Refused ? e.key : 'internal', e.about);
    }
  };
  form.addEventListener('submit', (event) => {
    // From here on the code must not leave the browser, whatever goes wrong.
    event.preventDefault();
    code = parseCode($('code').value);
    if (code) {
      run('');
      return;
    }
    $('code').setAttribute('aria-invalid', 'true');
    $('code-part').hidden = false;
    $('code').focus();
  });
  $('pin-form').addEventListener('submit', (event) => {
    event.preventDefault();
    const pin = parsePIN($('pin').value);
    if (pin) run(pin);
    else askPIN($('pin-form').dataset.bad);
  });
}

// askPIN shows the field for the PIN, and what was wrong with the one before.
function askPIN(problem) {
  show('pin-part');
  $('pin-error').textContent = problem;
  $('pin-error').hidden = !problem;
  if (problem) $('pin').setAttribute('aria-invalid', 'true');
  else $('pin').removeAttribute('aria-invalid');
  $('pin').focus();
}

start();
