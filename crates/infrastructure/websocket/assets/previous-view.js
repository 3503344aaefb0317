/**
 * The chat before: to be read once more, saved, and reported while that is possible.
 *
 * Architecture invariants: there is one such chat and one element for it, which moves to the screen that is shown.
 *
 * @module
 */

import { setShown, setText } from './dom.js';
import { download } from './log.js';
import { mayBeNamed } from './reduce-user.js';
import { clockTime } from './time.js';
import { Transcript } from './transcript.js';
import { endingWords } from './words.js';

/** @typedef {import('./state.js').State} State */

/** The last chat, folded. */
export class PreviousView {
  /** @type {HTMLDetailsElement} */
  #element;
  #lines;
  #transcript;
  /** @type {string | null} */
  #phase = null;
  /** @type {string | null} */
  #shownId = null;

  /**
   * @param {import('./app.js').App} app
   * @param {import('./dialogs.js').Dialogs} dialogs
   */
  constructor(app, dialogs) {
    const template = /** @type {HTMLTemplateElement} */ (document.getElementById('previous-template'));
    this.#element = /** @type {HTMLDetailsElement} */ (template.content.firstElementChild?.cloneNode(true));
    this.#lines = this.#part('.previous-lines');
    this.#transcript = new Transcript(this.#part('ol'), null);
    this.#part('[data-previous="save"]').addEventListener('click', () => {
      if (app.state.previous !== null) download(app.state.previous);
    });
    this.#part('[data-previous="report"]').addEventListener('click', () => {
      if (app.state.previous !== null) dialogs.askReport(app.state.previous.id);
    });
    this.#part('[data-previous="block"]').addEventListener('click', () => {
      if (app.state.previous !== null) dialogs.askBlock(app.state.previous.id);
    });
  }

  /** @param {State} state @param {number} now */
  show(state, now) {
    const { previous, phase } = state;
    if (previous === null) {
      this.#element.remove();
      return;
    }
    const isNew = previous.id !== this.#shownId;
    this.#shownId = previous.id;
    if (this.#phase !== phase || isNew) {
      this.#phase = phase;
      // The last words are often the ones that were not read.
      this.#element.open = phase === 'searching' && previous.lines.length > 0;
      document.querySelector(`[data-slot="${phase}"]`)?.append(this.#element);
    }
    const ended = previous.endedAt === null ? '' : ` ${clockTime(previous.endedAt)}`;
    setText(this.#part('.previous-how'), `${endingWords(previous.ending)}${ended}`);
    setShown(this.#lines, previous.lines.length > 0);
    if (this.#transcript.show(previous.lines)) {
      // What changes after the end is the answer to something the user has just done.
      if (!isNew) this.#element.open = true;
      this.#lines.scrollTop = this.#lines.scrollHeight;
    }
    setShown(this.#part('[data-previous="save"]'), previous.lines.length > 0);
    this.showClocks(state, now);
  }

  /** @param {State} state @param {number} now */
  showClocks(state, now) {
    const { previous } = state;
    if (previous === null) return;
    const mayAct = mayBeNamed(previous, now) && state.link.status === 'open';
    setShown(this.#part('[data-previous="report"]'), mayAct && !previous.reported);
    setShown(this.#part('[data-previous="block"]'), mayAct && !previous.blocked && !previous.reported);
  }

  /** @param {string} selector @returns {HTMLElement} */
  #part(selector) {
    return /** @type {HTMLElement} */ (this.#element.querySelector(selector));
  }
}
