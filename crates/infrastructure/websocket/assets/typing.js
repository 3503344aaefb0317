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
  /** @type {any} runs out when the user has paused */
  #pause = null;
  /** @type {any} runs out when it may be told again */
  #due = null;

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
    this.#clock.cancel(this.#pause);
    this.#pause = this.#clock.after(STOPPED_AFTER_MS, () => this.stop());
    if (this.#due !== null) return;
    const early = this.#toldAt + EVERY_MS - this.#clock.now();
    if (early <= 0) this.#tellOn();
    else this.#due = this.#clock.after(early, () => this.#tellOn());
  }

  /** The user has paused or emptied the input: say so, once. */
  stop() {
    const wasOn = this.#isOn;
    this.reset();
    if (wasOn) this.#tell(false);
  }

  /** The text was sent or the chat is over: nothing is left to say, since the partner's page knows. */
  reset() {
    this.#clock.cancel(this.#pause);
    this.#clock.cancel(this.#due);
    this.#pause = null;
    this.#due = null;
    this.#isOn = false;
  }

  #tellOn() {
    this.#due = null;
    this.#isOn = true;
    this.#toldAt = this.#clock.now();
    this.#tell(true);
  }
}
