/**
 * Waiting for a condition, never for a time.
 */

/** How long a condition may take before the test fails. It is no promise of speed. */
export const PATIENCE_MS = 15_000;

const LOOK_EVERY_MS = 25;

/**
 * Answers the first value of `look` that is neither false, null nor undefined.
 *
 * @template T
 * @param {string} what the condition in words
 * @param {() => T | Promise<T>} look
 * @returns {Promise<NonNullable<T>>}
 */
export async function until(what, look) {
  const giveUpAt = Date.now() + PATIENCE_MS;
  for (;;) {
    const seen = await look();
    if (seen !== undefined && seen !== null && seen !== false) return seen;
    if (Date.now() > giveUpAt) throw new Error(`it never happened that ${what}`);
    await new Promise((resolve) => { setTimeout(resolve, LOOK_EVERY_MS); });
  }
}
