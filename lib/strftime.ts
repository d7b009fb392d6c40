const days = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'] as const;
const months = ['January', 'February', 'March', 'April', 'May', 'June', 'July', 'August', 'September', 'October', 'November', 'December'] as const;

/** A field: its text, and for numbers how wide it is and what fills it. */
type Field = (d: Date) => string | readonly [number: number, width: number, fill?: string];

const hour12 = (d: Date): number => d.getHours() % 12 || 12;
const weekday = (d: Date): number => d.getDay() || 7;
const half = (d: Date): string => (d.getHours() < 12 ? 'AM' : 'PM');
const composed =
  (format: string): Field =>
  (d) =>
    strftime(d, format);

/** Days since the year began, from 0. */
function dayOfYear(d: Date): number {
  return Math.round((Date.UTC(d.getFullYear(), d.getMonth(), d.getDate()) - Date.UTC(d.getFullYear(), 0, 1)) / 86_400_000);
}

/** Year and week after ISO 8601: the week of a year's first Thursday is its first. */
function isoWeek(d: Date): { readonly year: number; readonly week: number } {
  const thursday = new Date(d.getFullYear(), d.getMonth(), d.getDate() + 4 - weekday(d));
  return { year: thursday.getFullYear(), week: Math.floor(dayOfYear(thursday) / 7) + 1 };
}

const fields: Readonly<Record<string, Field>> = {
  a: (d) => days[d.getDay()]?.slice(0, 3) ?? '',
  A: (d) => days[d.getDay()] ?? '',
  b: (d) => months[d.getMonth()]?.slice(0, 3) ?? '',
  B: (d) => months[d.getMonth()] ?? '',
  c: composed('%a %b %e %H:%M:%S %Y'),
  C: (d) => [Math.floor(d.getFullYear() / 100), 2],
  d: (d) => [d.getDate(), 2],
  D: composed('%m/%d/%y'),
  e: (d) => [d.getDate(), 2, ' '],
  f: (d) => String(d.getMilliseconds() * 1000).padStart(6, '0'),
  F: composed('%Y-%m-%d'),
  g: (d) => [isoWeek(d).year % 100, 2],
  G: (d) => [isoWeek(d).year, 1],
  h: composed('%b'),
  H: (d) => [d.getHours(), 2],
  I: (d) => [hour12(d), 2],
  j: (d) => [dayOfYear(d) + 1, 3],
  k: (d) => [d.getHours(), 2, ' '],
  l: (d) => [hour12(d), 2, ' '],
  m: (d) => [d.getMonth() + 1, 2],
  M: (d) => [d.getMinutes(), 2],
  n: () => '\n',
  p: half,
  P: (d) => half(d).toLowerCase(),
  r: composed('%I:%M:%S %p'),
  R: composed('%H:%M'),
  s: (d) => [Math.floor(d.getTime() / 1000), 1],
  S: (d) => [d.getSeconds(), 2],
  t: () => '\t',
  T: composed('%H:%M:%S'),
  u: (d) => [weekday(d), 1],
  U: (d) => [Math.floor((dayOfYear(d) + 7 - d.getDay()) / 7), 2],
  V: (d) => [isoWeek(d).week, 2],
  w: (d) => [d.getDay(), 1],
  W: (d) => [Math.floor((dayOfYear(d) + 8 - weekday(d)) / 7), 2],
  x: composed('%m/%d/%y'),
  X: composed('%H:%M:%S'),
  y: (d) => [d.getFullYear() % 100, 2],
  Y: (d) => [d.getFullYear(), 1],
  z: () => '', // a time without a zone, as Python's datetime.now()
  Z: () => '',
  '%': () => '%',
};

/** What the flags of glibc make of a field: - unpadded, _ spaces, 0 zeros, ^ upper case, # the other case. */
function written(field: string, made: ReturnType<Field>, flags: string, wide: number | undefined): string {
  const [number, least, usual = '0'] = typeof made === 'string' ? [undefined, 0, ' '] : made;
  const asked = /[-_0](?=[^-_0]*$)/.exec(flags)?.[0];
  const fill = asked === '_' ? ' ' : asked === '0' ? '0' : usual;
  const width = wide ?? (asked === '-' ? 0 : least);
  const text = (number === undefined ? (made as string) : String(number)).padStart(width, fill);
  if (flags.includes('#')) return field === 'p' ? text.toLowerCase() : text.toUpperCase();
  return flags.includes('^') ? text.toUpperCase() : text;
}

/** A date as Python writes it on Linux, in the C locale: chat templates were tested with English names. */
export function strftime(date: Date, format: string): string {
  return format.replace(/%([-_0^#]*)(\d{0,3})([EO]?)(.)/gsu, (whole, flags: string, wide: string, _form: string, field: string) => {
    const make = Object.hasOwn(fields, field) ? fields[field] : undefined;
    return make ? written(field, make(date), flags, wide === '' ? undefined : Number(wide)) : whole;
  });
}
