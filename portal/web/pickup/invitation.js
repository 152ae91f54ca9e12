// The card of an invitation on the one-time page: what invitation.html and
// portal/invitation.go make on the server, in the browser that decrypted it. Texts
// of mail go into the page as text alone.
import { readCalendar } from './calendar.js';
import { formatZone, wallIn } from './zones.js';

export { readCalendar };

const lang = document.documentElement.lang || 'en';
const two = (n) => String(n).padStart(2, '0');

// plural picks the form of a number. forms has the texts of some numbers, with "%"
// for the number.
function plural(forms, n) {
  const rules = new Intl.PluralRules(lang);
  const like = Object.keys(forms).find((k) => rules.select(Number(k)) === rules.select(n)) || Object.keys(forms)[0];
  return forms[like].replace('%', new Intl.NumberFormat(lang).format(n));
}

// A calendar prints times as the page's texts do; zone is the reader's.
class Printer {
  constructor(words) {
    this.words = words;
    this.zone = formatZone(words.zone) || formatZone(Intl.DateTimeFormat().resolvedOptions().timeZone) || 'UTC';
  }

  date(t) {
    const [d, m, y] = [t.getUTCDate(), t.getUTCMonth(), t.getUTCFullYear()];
    const part = { d, month: this.words.months.split(' ')[m], y };
    return this.words.date.replace(/\{(\w+)\}/g, (_, name) => part[name]);
  }

  day(t) {
    return `${this.words.days.split(' ')[t.getUTCDay()]}, ${this.date(t)}`;
  }

  time(t) {
    const { clock, separator, am, pm } = this.words;
    const [h, m] = [t.getUTCHours(), two(t.getUTCMinutes())];
    return clock === '12' ? `${((h + 11) % 12) + 1}${separator}${m}\u00a0${h < 12 ? am : pm}` : `${two(h)}${separator}${m}`;
  }

  at(date, time) {
    return this.words.at.replace('{date}', () => date).replace('{time}', () => time);
  }

  // when says when an event is: whenOf of the server.
  when({ start, end }) {
    const exact = isInstant(start);
    const wall = (m) => new Date(exact ? wallIn(this.zone, m.ms) : m.ms);
    const from = wall(start);
    if (start.date) {
      const last = end && new Date(end.ms - 24 * 3600 * 1000);
      return this.day(from) + (last && last > from ? ` – ${this.day(last)}` : '') + ` (${this.words.allDay})`;
    }
    let s = this.at(this.day(from), this.time(from));
    if (end && end.ms !== start.ms && isInstant(end) === exact) {
      const to = wall(end);
      s += ` – ${this.date(from) === this.date(to) ? this.time(to) : this.at(this.day(to), this.time(to))}`;
    }
    if (start.zone) s += `\n${this.words.unknownZone.replace('%', () => start.zone)}`;
    else if (exact) s += ` (${this.zone})`;
    return s;
  }

  // repeats says how an event repeats: repeatsOf of the server.
  repeats({ frequency, interval, until }) {
    if (!frequency) return '';
    const known = Object.hasOwn(this.words.frequencies, frequency) && interval <= 1;
    let s = known ? this.words.frequencies[frequency] : this.words.repeats;
    if (until) {
      const last = new Date(isInstant(until) ? wallIn(this.zone, until.ms) : until.ms);
      s += ` ${this.words.until.replace('%', () => this.date(last))}`;
    }
    return s;
  }
}

const isInstant = (m) => !m.date && !m.floating && !m.zone;

// ---- what an answer needs ----

const mayAnswer = (e) => e.method === 'REQUEST' && !e.cancelled && Boolean(e.uid) && Boolean(e.organiser);

const clock = (ms) => new Date(ms).toISOString().replace(/[-:]|\.\d+/g, '').replace('Z', '');

function moment(name, m) {
  if (!m) return [];
  const at = clock(m.ms);
  if (m.date) return [`${name};VALUE=DATE:${at.slice(0, 8)}`];
  if (m.floating) return [`${name}:${at}`];
  if (m.zone) return [`${name};TZID="${m.zone.replace(/["\\]/g, '')}":${at}`];
  return [`${name}:${at}Z`];
}

const escaped = (s) => s.replace(/[\\;,]/g, '\\$&');

function organiser({ name, address }) {
  const uri = address.replace(/[%?#&=[\]{}|\\^`<>"/;,:]/g, (c) => `%${c.charCodeAt(0).toString(16)}`);
  const cn = name.replace(/\^/g, '^^').replace(/"/g, "^'").replace(/\\/g, '\\\\');
  return `ORGANIZER;CN="${cn}":mailto:${uri}`;
}

// eventFor is what an answer tells of an event: what tells it from others, its
// title and its time. The server reads it as it reads any calendar object.
export function eventFor(e) {
  return [`UID:${escaped(e.uid)}`, `SEQUENCE:${e.sequence}`, ...moment('RECURRENCE-ID', e.recurrence), ...moment('DTSTART', e.start),
    ...moment('DTEND', e.end), `SUMMARY:${escaped(e.summary)}`, organiser(e.organiser)].join('\n');
}

// ---- the card ----

// show fills the card with a calendar object. about says who sent the message,
// whether its text says what the description does, and whether it takes answers.
// The result is 'shown', 'unreadable', or 'other' for what isn't for the reader.
export function show(card, text, about) {
  const event = readCalendar(text);
  if (!event) return 'unreadable';
  if (!['REQUEST', 'PUBLISH', 'CANCEL', 'ADD'].includes(event.method)) return 'other';
  const words = JSON.parse(card.dataset.words);
  const printer = new Printer(words);
  const part = (name) => card.querySelector(`[data-part="${name}"]`);
  const put = (name, s) => {
    part(name).textContent = s;
    (part(name).closest('[data-row]') || part(name)).hidden = !s;
  };
  card.classList.toggle('cancelled', event.cancelled);
  put('kind', event.cancelled ? words.cancelled : event.method === 'REQUEST' ? words.request : words.event);
  put('summary', event.summary || words.noSubject);
  part('off').hidden = !event.cancelled;
  put('when', printer.when(event));
  put('repeats', printer.repeats(event));
  put('where', event.location);
  const o = event.organiser;
  put('organiser', o ? (o.name ? `${o.name} <${o.address}>` : o.address) : '');
  put('invited', event.attendees.length ? plural(words.people, event.attendees.length) : '');
  put('description', about.hasText ? '' : event.description);
  const foreign = o && !about.senders.some((a) => a.toLowerCase() === o.address.toLowerCase());
  put('foreign', foreign ? words.foreign.replace('%', () => o.address) : '');
  put('more', event.more ? plural(words.more, event.more) : '');
  const form = card.querySelector('form');
  form.hidden = !about.canAnswer || !mayAnswer(event);
  form.elements.event.value = form.hidden ? '' : eventFor(event);
  form.elements.token.value = form.hidden ? '' : about.token;
  card.hidden = false;
  return 'shown';
}
