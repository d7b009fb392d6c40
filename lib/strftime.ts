const days = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'] as const;
const months = [
  'January', 'February', 'March', 'April', 'May', 'June', 'July', 'August', 'September', 'October', 'November', 'December',
] as const;

const two = (n: number): string => String(n).padStart(2, '0');

const fields: Readonly<Record<string, (d: Date) => string>> = {
  a: (d) => days[d.getDay()]?.slice(0, 3) ?? '',
  A: (d) => days[d.getDay()] ?? '',
  b: (d) => months[d.getMonth()]?.slice(0, 3) ?? '',
  B: (d) => months[d.getMonth()] ?? '',
  d: (d) => two(d.getDate()),
  e: (d) => String(d.getDate()).padStart(2),
  H: (d) => two(d.getHours()),
  I: (d) => two(d.getHours() % 12 || 12),
  m: (d) => two(d.getMonth() + 1),
  M: (d) => two(d.getMinutes()),
  p: (d) => (d.getHours() < 12 ? 'AM' : 'PM'),
  S: (d) => two(d.getSeconds()),
  y: (d) => two(d.getFullYear() % 100),
  Y: (d) => String(d.getFullYear()),
  '%': () => '%',
};

/** A date as C's strftime writes it in the C locale: chat templates were tested with English names. */
export function strftime(date: Date, format: string): string {
  return format.replace(/%-?(.)/g, (whole, field: string) => {
    const text = Object.hasOwn(fields, field) ? fields[field]?.(date) : undefined;
    if (text === undefined) return whole;
    return whole.startsWith('%-') ? text.replace(/^[0 ](?=.)/, '') : text;
  });
}
