/**
 * What the browser keeps: the seat for as long as the tab lives, and two preferences.
 *
 * Architecture invariants: nothing about a conversation outlives its tab. A browser that refuses storage costs only
 * the convenience.
 *
 * @module
 */

const SEAT = 'passerby.seat';
const CRITERIA = 'passerby.criteria';
const DRAFT = 'passerby.draft';

/** @typedef {import('./reduce-restored.js').Saved} Saved */
/** @typedef {import('./protocol.js').Criteria} Criteria */

/** @returns {Saved | null} */
export function loadSeat() {
  return read(() => window.sessionStorage, SEAT);
}

/** @param {Saved | null} saved */
export function saveSeat(saved) {
  write(() => window.sessionStorage, SEAT, saved);
}

/** What was being written in this chat, so that a reload does not lose it. @param {string} chatId @returns {string} */
export function loadDraft(chatId) {
  const draft = read(() => window.sessionStorage, DRAFT);
  return draft?.chatId === chatId && typeof draft.text === 'string' ? draft.text : '';
}

/** @param {string} chatId @param {string} text */
export function saveDraft(chatId, text) {
  write(() => window.sessionStorage, DRAFT, text === '' ? null : { chatId, text });
}

/** What the user last asked for in this tab. @returns {Criteria | null} */
export function loadCriteria() {
  const criteria = read(() => window.sessionStorage, CRITERIA);
  return Array.isArray(criteria?.interests) ? criteria : null;
}

/** @param {Criteria} criteria */
export function saveCriteria(criteria) {
  write(() => window.sessionStorage, CRITERIA, criteria);
}

/** @param {string} name @returns {any} */
export function loadPreference(name) {
  return read(() => window.localStorage, `passerby.${name}`);
}

/** @param {string} name @param {unknown} value */
export function savePreference(name, value) {
  write(() => window.localStorage, `passerby.${name}`, value);
}

/** @param {() => Storage} area @param {string} key @returns {any} */
function read(area, key) {
  try {
    return JSON.parse(area().getItem(key) ?? 'null');
  } catch {
    return null;
  }
}

/** @param {() => Storage} area @param {string} key @param {unknown} value */
function write(area, key, value) {
  try {
    if (value === null) area().removeItem(key);
    else area().setItem(key, JSON.stringify(value));
  } catch {
    // Storage is full or forbidden.
  }
}
