/**
 * How long to wait before the next try to reach the server.
 *
 * Architecture invariants: pure; the dice are thrown by the caller.
 *
 * @module
 */

const FIRST_MS = 500;
const LONGEST_MS = 20_000;

/**
 * Exponential growth with full jitter over its upper half, so that thousands of clients that were cut at once do not
 * come back at once.
 *
 * @param {number} attempt 0 for the first try after a loss
 * @param {number} random from 0 to 1
 * @returns {number} milliseconds
 */
export function delayBefore(attempt, random) {
  const ceiling = Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(attempt, 10));
  return Math.round(ceiling * (0.5 + 0.5 * random));
}
