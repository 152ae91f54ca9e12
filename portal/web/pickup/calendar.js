// Reads a calendar object (RFC 5545), as package display does on the server and
// within the same bounds; a test has both read the same objects. None of the
// parsers on npm under a permissive licence would do: they take what they don't
// know for UTC, or end an event where its description says so.
import { dayOf, momentOf, zonesOf } from './zones.js';

// Limits of a calendar object, in octets where it isn't said.
const maxCalendar = 1 << 20;
const maxKept = 256 << 10;
const maxLine = 8 << 10;
const maxParameters = 100; // of one property, and their values
const maxDepth = 4;
const maxComponents = 300;
const maxShown = 1000;
const maxDays = 36600; // of a duration

const encoder = new TextEncoder();
const decoder = new TextDecoder();

// Inside, a text is a string of octets, so that lengths are those of the server.
function octets(text) {
  const bytes = encoder.encode(text);
  let s = '';
  for (let i = 0; i < bytes.length; i += 0x8000) s += String.fromCharCode(...bytes.subarray(i, i + 0x8000));
  return s;
}
const decode = (s) => decoder.decode(Uint8Array.from(s, (c) => c.charCodeAt(0)));
const upper = (s) => s.replace(/[a-z]+/g, (letters) => letters.toUpperCase());

// clip shortens a text to n octets, between characters.
function clip(text, n) {
  const bytes = encoder.encode(text);
  if (bytes.length <= n) return text;
  while (n > 0 && (bytes[n] & 0xc0) === 0x80) n--;
  return decoder.decode(bytes.subarray(0, n)) + '…';
}

// What strings.Fields of Go takes for a blank.
const blanks = /[\t-\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+/g;
const line = (s) => clip(decode(s).replace(blanks, ' ').replace(/^ | $/g, ''), maxShown);
const trim = (s) => line(s); // of the short words of the format

const validText = (text) => text.replace(/\r\n?/g, '\n').replace(/[^\P{Cc}\n\t]|[\u202a-\u202e\u2066-\u2069]/gu, '');

// ---- lines ----

// A backslash takes the meaning of what follows it in a parameter, too.
const paramValue = '(?:"(?:\\\\.|[^"\\\\])*"|(?:\\\\.|[^";:,\\\\])*)';
const contentLine = new RegExp(`^([A-Za-z0-9-]+)((?:;[A-Za-z0-9-]+=${paramValue}(?:,${paramValue})*)*):(.*)$`);
const firstParam = new RegExp(`;([A-Za-z0-9-]+)=(${paramValue})(?:,${paramValue})*`, 'g');

function parameters(s) {
  let n = 0;
  let quoted = false;
  for (const c of s) {
    if (c === '"') quoted = !quoted;
    else if (quoted) continue;
    else if (c === ':') break;
    else if (c === ';' || c === ',') n++;
  }
  return n;
}

// Properties whose value isn't a text with escapes, unless they say so.
const notText = new Set(('ATTACH TZURL URL GEO PERCENT-COMPLETE PRIORITY REPEAT SEQUENCE COMPLETED DTEND DUE DTSTART RECURRENCE-ID EXDATE ' +
  'RDATE CREATED DTSTAMP LAST-MODIFIED DURATION TRIGGER FREEBUSY TZOFFSETFROM TZOFFSETTO ATTENDEE ORGANIZER RRULE').split(' '));

// property reads one unfolded line; null: it is none. Of a parameter's values the
// first counts.
function property(s) {
  if (s.length > maxLine || parameters(s) > maxParameters) return null;
  const found = contentLine.exec(s);
  if (!found) return null;
  const name = upper(found[1]);
  const params = new Map();
  let kind = '';
  for (const [all, key, quoted] of found[2].matchAll(firstParam)) {
    const value = quoted.replace(/^"(.*)"$/, '$1').replace(/\\(.)/g, '$1');
    if (!params.has(upper(key))) params.set(upper(key), value);
    if (key === 'VALUE' && all.length === 7 + quoted.length) kind ||= value;
  }
  let value = found[3];
  if (name === 'BEGIN' || name === 'END') value = upper(value).replace(/[ \t]+$/, '');
  if (kind ? kind === 'TEXT' : !notText.has(name)) value = value.replace(/\\([\\nN;,])/g, (_, c) => (c === 'n' || c === 'N' ? '\n' : c));
  return { name, params, value };
}

// unfolded yields the lines of a text (RFC 5545 section 3.1).
function* unfolded(text) {
  let s = '';
  for (const physical of text.split('\n')) {
    if (/^[ \t]/.test(physical) && s) {
      if (s.length <= maxLine) s += physical.slice(1);
      continue;
    }
    yield s;
    s = physical;
  }
  yield s;
}

// tree is the first calendar object of a text: components with their properties
// and components. null: there is none, or it breaks a limit.
function tree(text) {
  let root = null;
  let open = []; // components that have not ended
  let depth = 0, components = 0, kept = 0;
  for (const s of unfolded(text)) {
    const p = property(s);
    if (!p) continue;
    if (p.name === 'BEGIN') {
      depth++;
      components++;
      if (depth === 1 && !/^BEGIN:VCALENDAR[ \t]*$/i.test(s)) return null;
      if (depth > maxDepth || components > maxComponents) return null;
    } else if (p.name === 'END') {
      depth--;
    }
    const ended = p.name === 'END' && depth === 0;
    if (depth < 1 && !ended) continue; // around the object
    if (kept + s.length > maxKept) return null;
    kept += s.length + 2;
    const inner = open.at(-1);
    if (p.name === 'BEGIN') {
      if (inner && p.value === 'VCALENDAR') return null;
      const c = { name: p.value, properties: [], components: [] };
      if (inner) inner.components.push(c);
      else root = c;
      open.push(c);
    } else if (p.name === 'END') {
      if (!inner || inner.name !== p.value) return null;
      open.pop();
      if (ended) return root;
    } else if (inner) {
      inner.properties.push(p);
    }
  }
  return null;
}

// ---- an event ----

const atom = '[^\\0- \\x7f-\\x9f()<>[\\]:;@\\\\,".\\u202a-\\u202e\\u2066-\\u2069]+';
const mailAddress = new RegExp(`^${atom}(\\.${atom})*@${atom}(\\.${atom})*$`, 'u');

// personOf reads a calendar address (RFC 5545 section 3.3.3); null if it isn't one
// of mail.
function personOf(p) {
  const [, scheme, after] = /^([^:]*):?(.*)$/s.exec(trim(p.value));
  if (!/^mailto$/i.test(scheme)) return null;
  let rest = after.split('?')[0];
  if (!/%(?![0-9a-f]{2})/i.test(rest)) {
    try {
      rest = decodeURIComponent(rest);
    } catch {
      return null; // no UTF-8
    }
  }
  const found = /^[ \t]*(?:<([^<>]*)>|([^<>]*))[ \t]*$/.exec(rest);
  const address = found && (found[1] ?? found[2]).trim();
  if (!address || !mailAddress.test(address) || encoder.encode(address).length > 320) return null;
  const name = (p.params.get('CN') || '').replace(/\^([\^n'])/g, (_, c) => (c === 'n' ? ' ' : c === "'" ? '"' : '^'));
  return { name: clip(line(name), 200), address };
}

// durationOf reads a duration (RFC 5545 section 3.3.6): days, and milliseconds.
function durationOf(value) {
  const found = /^\+?P((?:T?[0-9]{1,6}[WDHMS])+)$/.exec(upper(trim(value)));
  if (!found || found[1].length > 60) return null;
  let days = 0, ms = 0;
  for (const [, digits, unit] of found[1].matchAll(/([0-9]+)([WDHMS])/g)) {
    const n = Number(digits);
    if (unit === 'W' || unit === 'D') days += unit === 'W' ? 7 * n : n;
    else ms += n * { H: 3600000, M: 60000, S: 1000 }[unit];
  }
  return days <= maxDays && ms <= maxDays * dayOf ? { days, ms } : null;
}

// endOf is the end of an event that says none: after a duration, or a day.
function endOf(start, duration) {
  const d = durationOf(duration) || (start.date ? { days: 1, ms: 0 } : null);
  return d && { ...start, ms: start.ms + d.days * dayOf + d.ms };
}

// repeat reads a rule (RFC 5545 section 3.3.10), as far as a sentence says it.
function repeat(event, rule, zones) {
  event.frequency = 'OTHER';
  event.interval = 1;
  for (const part of rule.split(';')) {
    const [, name, value = ''] = /^([^=]*)=?(.*)$/s.exec(part);
    switch (upper(name)) {
      case 'FREQ':
        event.frequency = decode(value).toUpperCase();
        break;
      case 'INTERVAL':
        if (/^\+?[0-9]{1,9}$/.test(value) && Number(value) > 0) event.interval = Number(value);
        break;
      case 'UNTIL':
        event.until = momentOf(trim(value), '', zones);
        break;
    }
  }
}

const blank = () => ({
  method: 'PUBLISH', uid: '', sequence: 0, recurrence: null, summary: '', location: '', description: '', start: null, end: null,
  frequency: '', interval: 0, until: null, organiser: null, attendees: [], cancelled: false, more: 0,
});

// fill takes over what an event says. The first of a property counts, where the
// RFC allows one.
function fill(event, properties, zones) {
  const seen = new Set();
  const moment = (p) => {
    const zone = p.params.get('TZID') || '';
    return momentOf(trim(p.value), zone, zones, clip(line(zone), 100));
  };
  let duration = '';
  for (const p of properties) {
    if (seen.has(p.name) && p.name !== 'ATTENDEE') continue;
    seen.add(p.name);
    switch (p.name) {
      case 'UID':
        if (p.value.length <= maxShown) event.uid = line(p.value);
        break;
      case 'SEQUENCE': {
        const n = trim(p.value);
        if (/^[+-]?[0-9]+$/.test(n) && Number(n) < 2 ** 31) event.sequence = Math.max(Number(n), 0);
        break;
      }
      case 'SUMMARY':
        event.summary = line(p.value);
        break;
      case 'LOCATION':
        event.location = line(p.value);
        break;
      case 'DESCRIPTION':
        event.description = clip(decode(p.value), 64 << 10);
        break;
      case 'STATUS':
        event.cancelled ||= /^cancelled$/i.test(trim(p.value));
        break;
      case 'ORGANIZER':
        event.organiser = personOf(p);
        break;
      case 'ATTENDEE': {
        const who = personOf(p);
        if (who) event.attendees.push(who);
        break;
      }
      case 'DTSTART':
        event.start = moment(p);
        break;
      case 'DTEND':
        event.end = moment(p);
        break;
      case 'RECURRENCE-ID':
        event.recurrence = moment(p);
        break;
      case 'DURATION':
        duration = p.value;
        break;
      case 'RRULE':
        repeat(event, p.value, zones);
        break;
      case 'RDATE':
        event.frequency ||= 'OTHER';
        break;
    }
  }
  event.cancelled ||= event.method === 'CANCEL';
  if (!event.start) return null;
  event.end ||= endOf(event.start, duration);
  if (event.end && event.end.ms < event.start.ms) event.end = null;
  return event;
}

// readCalendar returns the first event of a calendar object that is no exception
// to a series, or else the first. null: there is none to show.
export function readCalendar(text) {
  if (encoder.encode(text).length > maxCalendar) return null;
  const calendar = tree(octets(validText(text)));
  if (!calendar) return null;
  const event = blank();
  for (const p of calendar.properties) if (p.name === 'METHOD') event.method = trim(p.value).toUpperCase();
  const events = calendar.components.filter((c) => c.name === 'VEVENT');
  if (events.length === 0) return null;
  const exception = (c) => c.properties.some((p) => p.name === 'RECURRENCE-ID');
  event.more = events.length - 1;
  return fill(event, (events.find((c) => !exception(c)) || events[0]).properties, zonesOf(calendar));
}

