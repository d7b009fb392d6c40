// The language of the interface.
import { computed, signal } from '@preact/signals';

import { de } from './de';
import { en, type Key, type Language } from './en';

/** All there are. */
export const languages: Readonly<Record<string, Language>> = { en, de };

/** Which one the user wants; '': the browser's. */
export const wanted = signal('');

function ofBrowser(): string {
  const found = navigator.languages.map((tag) => tag.toLowerCase().split('-')[0] ?? '').find((tag) => Object.hasOwn(languages, tag));
  return found ?? 'en';
}

/** Which one it is. */
export const language = computed(() => (Object.hasOwn(languages, wanted.value) ? wanted.value : ofBrowser()));

/** What is to be said, with what it is said of. `n` decides between one and several. */
export function t(key: Key, values: Readonly<Record<string, string | number>> = {}): string {
  const words = (languages[language.value] ?? en)[key];
  const text = typeof words === 'string' ? words : words[new Intl.PluralRules(language.value).select(Number(values.n ?? 0)) === 'one' ? 'one' : 'other'];
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => {
    const value = values[name];
    return typeof value === 'number' ? numberText(value) : (value ?? whole);
  });
}

/** A number as it is written. */
export const numberText = (value: number, digits = value < 10 ? 1 : 0): string =>
  new Intl.NumberFormat(language.value, { maximumFractionDigits: digits }).format(value);

export const percentText = (share: number): string =>
  new Intl.NumberFormat(language.value, { style: 'percent', maximumFractionDigits: share < 0.1 ? 1 : 0 }).format(share);

/** A time, of milliseconds. */
export const timeText = (ms: number): string => `${numberText(ms < 1000 ? ms / 1000 : ms / 1000, ms < 1000 ? 2 : 1)} s`;

/** A size, of bytes. */
export function sizeText(bytes: number): string {
  const [unit, by] = bytes >= 1e9 ? ['GB', 1e9] : ['MB', 1e6];
  return `${numberText(bytes / (by as number), 1)} ${unit}`;
}

/** A count of parameters. */
export const countText = (count: number): string => new Intl.NumberFormat(language.value, { notation: 'compact', maximumFractionDigits: 1 }).format(count);
