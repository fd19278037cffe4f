/**
 * Schedules of CronJobs: five fields, or a word such as @hourly or @every 90s. Reads what github.com/robfig/cron (v3,
 * ParseStandard) reads and says what it says.
 */

export class ScheduleError extends Error {}

/** Values of a field at which it matches, and whether it was a star: a day matches by either of its two fields unless one is a star. */
export interface ScheduleField {
  values: ReadonlySet<number>;
  star: boolean;
}

/** Of a calendar. */
export interface CalendarSchedule {
  minute: ScheduleField;
  hour: ScheduleField;
  dayOfMonth: ScheduleField;
  month: ScheduleField;
  dayOfWeek: ScheduleField;
  /** From a TZ= in front, which old CronJobs have. */
  timeZone?: string;
}

/** A fixed distance. */
export interface PeriodicSchedule {
  everyMilliseconds: number;
}

export type Schedule = CalendarSchedule | PeriodicSchedule;

interface Bounds {
  min: number;
  max: number;
  names?: readonly string[];
}

const minutes: Bounds = { min: 0, max: 59 };
const hours: Bounds = { min: 0, max: 23 };
const daysOfMonth: Bounds = { min: 1, max: 31 };
const months: Bounds = { min: 1, max: 12, names: ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'] };
const daysOfWeek: Bounds = { min: 0, max: 6, names: ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'] };

const descriptors: Readonly<Record<string, string>> = {
  '@yearly': '0 0 1 1 *', '@annually': '0 0 1 1 *', '@monthly': '0 0 1 * *', '@weekly': '0 0 * * 0', '@daily': '0 0 * * *', '@midnight': '0 0 * * *', '@hourly': '0 * * * *',
};
/** Longer is no schedule, whatever it says: a list may name every value a few times. */
const maxLength = 4096;

/** @throws ScheduleError that says what is wrong, as the message of the field. */
export function parseSchedule(text: string): Schedule {
  if (text === '') throw new ScheduleError('empty spec string');
  if (text.length > maxLength) throw new ScheduleError(`schedule is longer than ${maxLength} characters`);
  const zone = /^(?:TZ|CRON_TZ)=(\S*) (.*)$/s.exec(text);
  if (!zone) return parseWithoutZone(text);
  const timeZone = zone[1]!;
  if (!isTimeZone(timeZone)) throw new ScheduleError(`provided bad location ${timeZone}: unknown time zone ${timeZone}`);
  const schedule = parseWithoutZone(zone[2]!.trim());
  return 'minute' in schedule ? { ...schedule, timeZone } : schedule;
}

function parseWithoutZone(text: string): Schedule {
  if (text.startsWith('@')) return parseDescriptor(text);
  const fields = text.split(/\s+/).filter((field) => field !== '');
  if (fields.length !== 5) throw new ScheduleError(`expected exactly 5 fields, found ${fields.length}: [${fields.join(' ')}]`);
  const [minute = '', hour = '', dayOfMonth = '', month = '', dayOfWeek = ''] = fields;
  return {
    minute: parseField(minute, minutes),
    hour: parseField(hour, hours),
    dayOfMonth: parseField(dayOfMonth, daysOfMonth),
    month: parseField(month, months),
    dayOfWeek: parseField(dayOfWeek, daysOfWeek),
  };
}

function parseDescriptor(text: string): Schedule {
  const known = Object.hasOwn(descriptors, text) ? descriptors[text] : undefined;
  if (known) return parseWithoutZone(known);
  const every = '@every ';
  if (!text.startsWith(every)) throw new ScheduleError(`unrecognized descriptor: ${text}`);
  try {
    // Less than a second is a second, and a part of one is nothing.
    const seconds = Math.max(1, Math.trunc(parseDuration(text.slice(every.length)) / 1000));
    return { everyMilliseconds: seconds * 1000 };
  } catch (error) {
    if (error instanceof ScheduleError) throw new ScheduleError(`failed to parse duration ${text}: ${error.message}`);
    throw error;
  }
}

function parseField(text: string, bounds: Bounds): ScheduleField {
  const values = new Set<number>();
  let star = false;
  for (const part of text.split(',').filter((expression) => expression !== '')) star = parseRange(part, bounds, values) || star;
  return { values, star };
}

/** Adds what the expression names. @returns whether it was a star without steps. */
function parseRange(expression: string, bounds: Bounds, values: Set<number>): boolean {
  const [range = '', ...steps] = expression.split('/');
  const [low = '', ...rest] = range.split('-');
  const isStar = low === '*' || low === '?';
  const start = isStar ? bounds.min : parseValue(low, bounds);
  let end = isStar ? bounds.max : start;
  if (!isStar && rest.length > 1) throw new ScheduleError(`too many hyphens: ${expression}`);
  if (!isStar && rest.length === 1) end = parseValue(rest[0]!, bounds);
  if (steps.length > 1) throw new ScheduleError(`too many slashes: ${expression}`);
  const step = steps.length === 1 ? parseInteger(steps[0]!) : 1;
  // 5/10 is 5 to the end in steps of 10.
  if (steps.length === 1 && rest.length === 0) end = bounds.max;
  if (start < bounds.min) throw new ScheduleError(`beginning of range (${start}) below minimum (${bounds.min}): ${expression}`);
  if (end > bounds.max) throw new ScheduleError(`end of range (${end}) above maximum (${bounds.max}): ${expression}`);
  if (start > end) throw new ScheduleError(`beginning of range (${start}) beyond end of range (${end}): ${expression}`);
  if (step === 0) throw new ScheduleError(`step of range should be a positive number: ${expression}`);
  for (let value = start; value <= end; value += step) values.add(value);
  return isStar && step <= 1;
}

function parseValue(text: string, { names, min }: Bounds): number {
  const index = names?.indexOf(text.toLowerCase()) ?? -1;
  return index < 0 ? parseInteger(text) : index + min;
}

function parseInteger(text: string): number {
  if (!/^[+-]?\d+$/.test(text)) throw new ScheduleError(`failed to parse int from ${text}: strconv.Atoi: parsing ${JSON.stringify(text)}: invalid syntax`);
  const value = Number(text);
  if (!Number.isSafeInteger(value)) throw new ScheduleError(`failed to parse int from ${text}: strconv.Atoi: parsing ${JSON.stringify(text)}: value out of range`);
  if (value < 0) throw new ScheduleError(`negative number (${value}) not allowed: ${text}`);
  return value;
}

const units: Readonly<Record<string, number>> = { ns: 1e-6, us: 1e-3, µs: 1e-3, μs: 1e-3, ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/**
 * Go's time.ParseDuration: `1h30m`, `-1.5s`, `0`.
 * @returns milliseconds.
 * @throws ScheduleError
 */
function parseDuration(given: string): number {
  const quoted = JSON.stringify(given);
  const unsigned = given.replace(/^[+-]/, '');
  const sign = given.startsWith('-') ? -1 : 1;
  if (unsigned === '0') return 0;
  if (unsigned === '') throw new ScheduleError(`time: invalid duration ${quoted}`);
  let rest = unsigned;
  let total = 0;
  while (rest !== '') {
    const number = /^(?:\d+(?:\.\d*)?|\.\d+)/.exec(rest)?.[0];
    if (number === undefined) throw new ScheduleError(`time: invalid duration ${quoted}`);
    rest = rest.slice(number.length);
    const unit = /^[^.\d]*/.exec(rest)![0];
    if (unit === '') throw new ScheduleError(`time: missing unit in duration ${quoted}`);
    const factor = Object.hasOwn(units, unit) ? units[unit]! : undefined;
    if (factor === undefined) throw new ScheduleError(`time: unknown unit ${JSON.stringify(unit)} in duration ${quoted}`);
    total += Number(number) * factor;
    rest = rest.slice(unit.length);
  }
  // 2^63 ns are the longest that Go knows.
  if (total > 9_223_372_036_854) throw new ScheduleError(`time: invalid duration ${quoted}`);
  return sign * total;
}

/** Whether the runtime's time zone database has it; names are written as there, a capital first. */
export function isTimeZone(name: string): boolean {
  if (name === '' || name === 'Local') return true;
  if (!/^[A-Z]/.test(name)) return false;
  try {
    new Intl.DateTimeFormat('en', { timeZone: name }).format(0);
    return true;
  } catch {
    return false;
  }
}
