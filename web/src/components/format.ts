import { text } from '../lib/text';

const units = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte', 'petabyte'] as const;

const whole = units.map((unit, i) => sizeFormat(unit, i === 0 ? 'long' : 'short', 0));
const tenths = units.map((unit) => sizeFormat(unit, 'short', 1));

function sizeFormat(unit: string, unitDisplay: 'long' | 'short', digits: number) {
  return new Intl.NumberFormat('en', {
    style: 'unit',
    unit,
    unitDisplay,
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  });
}

/** '0 bytes', '1.5 MB', '230 GB': decimal units, as drives are sold. */
export function formatSize(bytes: number): string {
  let unit = 0;
  let n = bytes;
  // 999.95 would round to 1000.0
  while (n >= 999.5 && unit < units.length - 1) {
    n /= 1000;
    unit++;
  }
  const format = unit > 0 && n < 99.95 ? tenths[unit] : whole[unit];
  return format?.format(n) ?? '';
}

const clock = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit' });
const clockToSecond = new Intl.DateTimeFormat('en-GB', { timeStyle: 'medium' });
const day = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short' });
const dayOfYear = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium' });
const full = new Intl.DateTimeFormat('en-GB', { dateStyle: 'full', timeStyle: 'medium' });

/** The time of today, day and time this year, else the day. */
export function formatDate(mtime: number, now = Date.now()): string {
  const then = new Date(mtime);
  const today = new Date(now);
  if (then.getFullYear() !== today.getFullYear()) return dayOfYear.format(then);
  if (then.toDateString() === today.toDateString()) {
    return text.units.today(clock.format(then));
  }
  return text.units.date(day.format(then), clock.format(then));
}

/** formatDate to the second, for what may follow one another within a minute. */
export function formatMoment(time: number, now = Date.now()): string {
  const then = new Date(time);
  const today = new Date(now);
  const second = clockToSecond.format(then);
  if (then.toDateString() === today.toDateString()) return text.units.today(second);
  const thisYear = then.getFullYear() === today.getFullYear();
  return text.units.date((thisYear ? day : dayOfYear).format(then), second);
}

export function formatFullDate(mtime: number): string {
  return full.format(new Date(mtime));
}

/** '5 seconds', '12 min', '1 h 20 min': coarse, so that it stays calm. */
export function formatLeft(seconds: number): string {
  if (seconds < 10) return text.units.seconds(Math.max(1, Math.round(seconds)));
  if (seconds < 60) return text.units.seconds(Math.ceil(seconds / 5) * 5);
  const minutes = Math.ceil(seconds / 60);
  if (minutes < 60) return text.units.minutes(minutes);
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return text.units.hours(hours, minutes % 60);
  return text.units.days(Math.round(hours / 24));
}

/** Whole percent, 100 only when all is there. */
export function percentOf(part: number, whole: number): number {
  if (whole <= 0) return 0;
  return part >= whole ? 100 : Math.min(99, Math.floor((part / whole) * 100));
}
