// The times of a calendar object, and the zones that it defines (RFC 5545 section
// 3.6.5): package display's calendar_zone.go. A moment is {ms, date, floating,
// zone}: milliseconds since 1970, as if in UTC where the reading of a clock is
// meant (a date, a floating time, a zone that isn't known).

export const dayOf = 24 * 3600 * 1000;
const maxObservances = 100;
const yearOne = -62135596800000; // Go's zero time

export function utc(year, month, day, hour = 0, minute = 0, second = 0) {
  const t = new Date(0);
  t.setUTCFullYear(year, month, day); // Date.UTC takes 50 for 1950
  return t.setUTCHours(hour, minute, second, 0);
}

// clockOf reads "20261124" and "20261124T130000Z"; null: it isn't that.
function clockOf(s) {
  const found = /^(\d{4})(\d\d)(\d\d)(?:T(\d\d)(\d\d)(\d\d)(Z?))?$/.exec(s);
  if (!found) return null;
  const [year, month, day, hour, minute, second] = found.slice(1, 7).map((n) => Number(n || 0));
  const ms = utc(year, month - 1, day, hour, minute, second);
  const t = new Date(ms);
  if (t.getUTCMonth() !== month - 1 || t.getUTCDate() !== day || hour > 23 || minute > 59 || second > 59) return null;
  return { ms, date: !found[4], utc: found[7] === 'Z' };
}

// momentOf reads a date or a time (RFC 5545 sections 3.3.4 and 3.3.5). shown is
// the zone's name for people.
export function momentOf(value, zone, zones, shown = '') {
  const clock = clockOf(value.toUpperCase());
  if (!clock || clock.ms === yearOne) return null;
  const moment = { ms: clock.ms, date: clock.date, floating: false, zone: '' };
  if (clock.date || clock.utc) return moment;
  if (!zone) return { ...moment, floating: true };
  const known = knownZone(zone);
  if (known) return { ...moment, ms: instantIn(known, clock.ms) };
  if (zones.has(zone)) return { ...moment, ms: instant(zones.get(zone), clock.ms) };
  return { ...moment, zone: shown };
}

// ---- zones that have a name ----

const formats = new Map();

// formatOf returns what prints times in a zone of the IANA list, or null.
function formatOf(name) {
  if (!formats.has(name)) {
    let format = null;
    if (/^[A-Za-z][A-Za-z0-9_+\/-]*$/.test(name) && !/^local$/i.test(name)) { // "+05:30" is none
      try {
        format = new Intl.DateTimeFormat('en-US', {
          timeZone: name, calendar: 'gregory', numberingSystem: 'latn', hourCycle: 'h23', era: 'short',
          year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric', minute: 'numeric', second: 'numeric',
        });
      } catch { /* it isn't known */ }
    }
    formats.set(name, format);
  }
  return formats.get(name);
}

// knownZone is the name of the IANA list in id. Some programs put a path before it.
export function knownZone(id) {
  if (id.length > 200) return '';
  const parts = id.replace(/^\/+|\/+$/g, '').split('/');
  for (let n = parts.length; n >= 1 && n > parts.length - 8; n--) {
    const name = parts.slice(-n).join('/');
    if (n === 1 && parts.length > 1) continue; // a last part alone could be anything
    if (formatOf(name)) return name;
  }
  return '';
}

// formatZone is name, if times can be printed in that zone.
export const formatZone = (name) => (name && formatOf(name) ? name : '');

// wallIn is what clocks in a zone show at a point in time, as if in UTC.
export function wallIn(zone, ms) {
  const at = {};
  for (const { type, value } of formatOf(zone).formatToParts(ms)) at[type] = value;
  const year = /^b/i.test(at.era) ? 1 - at.year : Number(at.year);
  return utc(year, at.month - 1, Number(at.day), Number(at.hour), Number(at.minute), Number(at.second));
}

// instantIn is when clocks in a zone show wall. An hour that comes twice, or never,
// is that of Go's time.Date.
function instantIn(zone, wall) {
  const offset = wallIn(zone, wall) - wall;
  const again = wallIn(zone, wall - offset) - (wall - offset);
  return wall - (offset === 0 ? 0 : again);
}

// ---- zones that the object defines ----

// zonesOf reads the definitions. One with a rule that isn't understood is left
// out, rather than be wrong by an hour.
export function zonesOf(calendar) {
  const zones = new Map();
  for (const c of calendar.components) {
    const id = c.name === 'VTIMEZONE' && c.properties.find((p) => p.name === 'TZID');
    if (!id || zones.has(id.value)) continue;
    const parts = c.components.filter((o) => o.name === 'STANDARD' || o.name === 'DAYLIGHT');
    const all = parts.length > maxObservances ? [null] : parts.map((o) => observanceOf(o.properties));
    if (all.length > 0 && all.every(Boolean)) zones.set(id.value, all);
  }
  return zones;
}

function observanceOf(properties) {
  const o = { week: 0, until: 0 };
  for (const p of properties) {
    switch (p.name) {
      case 'DTSTART': {
        const clock = clockOf(p.value);
        if (!clock || clock.date || clock.utc) return null;
        o.onset = clock.ms;
        break;
      }
      case 'TZOFFSETFROM':
        o.from = offsetOf(p.value);
        break;
      case 'TZOFFSETTO':
        o.to = offsetOf(p.value);
        break;
      case 'RRULE':
        if (!rule(o, p.value)) return null;
        break;
      case 'RDATE':
        return null;
    }
    if (o.from === null || o.to === null) return null;
  }
  return o.onset !== undefined && o.from !== undefined && o.to !== undefined ? o : null;
}

// offsetOf reads an offset from UTC (RFC 5545 section 3.3.14).
function offsetOf(s) {
  const found = /^([+-])(\d\d)(\d\d)(\d\d)?$/.exec(s.trim());
  if (!found) return null;
  const seconds = Number(found[2]) * 3600 + Number(found[3]) * 60 + Number(found[4] || 0);
  return seconds < 24 * 3600 ? (found[1] === '-' ? -seconds : seconds) * 1000 : null;
}

const weekdays = ['SU', 'MO', 'TU', 'WE', 'TH', 'FR', 'SA'];

// rule reads the rule that changes of the clock follow everywhere today: a weekday,
// counted from the beginning or the end of a month, each year.
function rule(o, s) {
  let yearly = false;
  for (const part of s.toUpperCase().split(';')) {
    const [, name, value] = /^([^=]*)=?(.*)$/s.exec(part);
    switch (name) {
      case 'FREQ':
        yearly = value === 'YEARLY';
        break;
      case 'BYMONTH':
        if (!/^\+?\d{1,9}$/.test(value) || Number(value) < 1 || Number(value) > 12) return false;
        o.month = Number(value) - 1;
        break;
      case 'BYDAY': {
        const found = /^([+-]?\d{1,9})(SU|MO|TU|WE|TH|FR|SA)$/.exec(value);
        const week = found ? Number(found[1]) : 0;
        if (week === 0 || week < -4 || week > 4) return false;
        o.week = week;
        o.day = weekdays.indexOf(found[2]);
        break;
      }
      case 'UNTIL':
        if (value.length < 8 || !/^[+-]?\d+$/.test(value.slice(0, 4))) return false;
        o.until = Number(value.slice(0, 4));
        break;
      case 'INTERVAL':
        if (value !== '1') return false;
        break;
      case 'WKST':
      case '':
        break;
      default:
        return false;
    }
  }
  return yearly && o.month !== undefined && o.week !== 0;
}

// inYear is when an observance begins in a year.
function inYear(o, year) {
  const clock = new Date(o.onset);
  const at = (month, day) => utc(year, month, day, clock.getUTCHours(), clock.getUTCMinutes(), clock.getUTCSeconds());
  if (o.week > 0) {
    const first = at(o.month, 1);
    return first + (((o.day - new Date(first).getUTCDay() + 7) % 7) + 7 * (o.week - 1)) * dayOf;
  }
  const last = at(o.month + 1, 0);
  return last - (((new Date(last).getUTCDay() - o.day + 7) % 7) - 7 * (o.week + 1)) * dayOf;
}

// latest is the last time that an observance began, no later than wall; null: not
// yet.
function latest(o, wall) {
  if (wall < o.onset) return null;
  if (o.week === 0) return o.onset;
  const first = new Date(o.onset).getUTCFullYear();
  let last = new Date(wall).getUTCFullYear();
  if (o.until !== 0) last = Math.min(last, o.until);
  for (let year = last; year >= Math.max(first, last - 1); year--) {
    const t = inYear(o, year);
    if (t <= wall && t >= o.onset) return t;
  }
  return o.onset;
}

// instant is the point in time at which the clocks of a zone show wall.
function instant(all, wall) {
  let offset = 0, first = null, at = null;
  for (const o of all) {
    if (first === null || o.onset < first) {
      first = o.onset;
      if (at === null) offset = o.from;
    }
    const t = latest(o, wall);
    if (t !== null && (at === null || t > at)) {
      at = t;
      offset = o.to;
    }
  }
  return wall - offset;
}
