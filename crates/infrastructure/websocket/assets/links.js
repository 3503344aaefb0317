/**
 * Finds web addresses in a message.
 *
 * Architecture invariants: pure. Only http and https ever become a link; the text is never altered.
 *
 * @module
 */

const ADDRESS = /https?:\/\/[^\s<>"'`\p{Cc}\p{Cf}\p{Default_Ignorable_Code_Point}]+/giu;
const TRAILING = /[.,;:!?\u2026]+$/u;

/** @typedef {{ text: string, href: string | null }} Piece */

/**
 * Splits a text into pieces; joined together, their texts are the text.
 *
 * @param {string} text
 * @returns {Piece[]}
 */
export function pieces(text) {
  /** @type {Piece[]} */
  const found = [];
  let from = 0;
  for (const match of text.matchAll(ADDRESS)) {
    const shown = withoutTail(match[0]);
    const href = addressOf(shown);
    if (href === null) continue;
    if (match.index > from) found.push({ text: text.slice(from, match.index), href: null });
    found.push({ text: shown, href });
    from = match.index + shown.length;
  }
  if (from < text.length) found.push({ text: text.slice(from), href: null });
  return found;
}

/**
 * Drops punctuation that belongs to the sentence, and a bracket that was opened before the address.
 *
 * @param {string} address
 * @returns {string}
 */
function withoutTail(address) {
  let shown = address.replace(TRAILING, '');
  while (/[)\]]$/.test(shown) && count(shown, shown.at(-1) === ')' ? '(' : '[') < count(shown, shown.at(-1) ?? '')) {
    shown = shown.slice(0, -1).replace(TRAILING, '');
  }
  return shown;
}

/** @param {string} text @param {string} character @returns {number} */
function count(text, character) {
  return text.split(character).length - 1;
}

/** @param {string} shown @returns {string | null} */
function addressOf(shown) {
  try {
    const url = new URL(shown);
    const isWeb = url.protocol === 'http:' || url.protocol === 'https:';
    // A name and password in front of the host is a disguise more often than a convenience.
    return isWeb && url.hostname !== '' && url.username === '' && url.password === '' ? url.href : null;
  } catch {
    return null;
  }
}
