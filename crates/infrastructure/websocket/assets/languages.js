/**
 * The languages offered on the landing, named as their own speakers name them.
 *
 * Architecture invariants: pure. The server takes any BCP 47 tag; this is only the list to choose from.
 *
 * @module
 */

const TAGS = [
  'ar', 'bg', 'bn', 'ca', 'cs', 'da', 'de', 'el', 'en', 'es', 'et', 'fa', 'fi', 'fr', 'he', 'hi', 'hr', 'hu', 'id', 'it',
  'ja', 'ko', 'lt', 'lv', 'mr', 'ms', 'nl', 'no', 'pl', 'pt', 'ro', 'ru', 'sk', 'sl', 'sr', 'sv', 'sw', 'ta', 'te', 'th',
  'tl', 'tr', 'uk', 'ur', 'vi', 'zh',
];

/**
 * @param {readonly string[]} preferred tags that the browser is set to; they come first
 * @returns {{ tag: string, name: string }[]}
 */
export function offeredLanguages(preferred) {
  const first = [...new Set(preferred.map((tag) => tag.split('-')[0]?.toLowerCase() ?? ''))].filter((tag) => /^[a-z]{2,3}$/.test(tag));
  const rest = TAGS.filter((tag) => !first.includes(tag)).map(named);
  rest.sort((one, other) => one.name.localeCompare(other.name));
  return [...first.map(named), ...rest];
}

/** @param {string} tag @returns {{ tag: string, name: string }} */
function named(tag) {
  try {
    const name = new Intl.DisplayNames([tag], { type: 'language' }).of(tag) ?? tag;
    return { tag, name: name.charAt(0).toLocaleUpperCase(tag) + name.slice(1) };
  } catch {
    return { tag, name: tag };
  }
}
