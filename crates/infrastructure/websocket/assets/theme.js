/**
 * Light, dark, or as the device says.
 *
 * Architecture invariants: the colours themselves are in `tokens.css`; this only names the choice on the root element.
 *
 * @module
 */

import { loadPreference, savePreference } from './storage.js';

const ORDER = /** @type {const} */ (['auto', 'light', 'dark']);

/** @typedef {typeof ORDER[number]} Theme */

/** @returns {Theme} */
export function currentTheme() {
  const saved = loadPreference('theme');
  return ORDER.includes(saved) ? saved : 'auto';
}

/** Chooses the next theme in turn. @returns {Theme} */
export function nextTheme() {
  const next = ORDER[(ORDER.indexOf(currentTheme()) + 1) % ORDER.length] ?? 'auto';
  savePreference('theme', next === 'auto' ? null : next);
  if (next === 'auto') document.documentElement.removeAttribute('data-theme');
  else document.documentElement.setAttribute('data-theme', next);
  return next;
}
