/**
 * Tells the partner that the user is typing: at most once in two seconds, and that it stopped.
 *
 * Architecture invariants: knows no socket and no DOM; timers are given, so tests run it without waiting.
 *
 * @module
 */

const EVERY_MS = 2_000;
const STOPPED_AFTER_MS = 4_000;

/** The throttle between key strokes and `typing` commands. */
export class TypingSignal {
  #tell;
  #clock;
  #isOn = false;
  #toldAt = -Infinity;
  /** @type {any} */
  #timer = null;

  /**
   * @param {(on: boolean) => void} tell
   * @param {{ now: () => number, after: (ms: number, run: () => void) => any, cancel: (timer: any) => void }} clock
   */
  constructor(tell, clock) {
    this.#tell = tell;
    this.#clock = clock;
  }

  /**
   * The text in the input has changed.
   *
   * @param {boolean} isEmpty
   */
  changed(isEmpty) {
    if (isEmpty) {
      this.stop();
      return;
    }
    this.#clock.cancel(this.#timer);
    this.#timer = this.#clock.after(STOPPED_AFTER_MS, () => this.stop());
    const now = this.#clock.now();
    if (now - this.#toldAt < EVERY_MS) return;
    this.#isOn = true;
    this.#toldAt = now;
    this.#tell(true);
  }

  /** The user has paused or emptied the input: say so, once. */
  stop() {
    const wasOn = this.#isOn;
    this.reset();
    if (wasOn) this.#tell(false);
  }

  /** The text was sent or the chat is over: nothing is left to say, since the partner's page knows. */
  reset() {
    this.#clock.cancel(this.#timer);
    this.#timer = null;
    this.#isOn = false;
  }
}
