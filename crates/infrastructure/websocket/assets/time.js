/**
 * Moments and spans as people read them.
 *
 * Architecture invariants: pure.
 *
 * @module
 */

/** Hours and minutes, as the reader's country writes them. @param {number} at @returns {string} */
export function clockTime(at) {
  return new Date(at).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' });
}

/** Minutes and seconds, as `1:05`. @param {number} ms @returns {string} */
export function span(ms) {
  const seconds = Math.max(0, Math.ceil(ms / 1000));
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
}

/** Whole seconds until a moment, never negative. @param {number} until @param {number} now @returns {number} */
export function secondsUntil(until, now) {
  return Math.max(0, Math.ceil((until - now) / 1000));
}
