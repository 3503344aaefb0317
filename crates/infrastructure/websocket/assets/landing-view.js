/**
 * The entry: interests, language, Start, and what there is to say about the last time.
 *
 * Architecture invariants: what is typed here leaves the page only with Start.
 *
 * @module
 */

import { Chips } from './chips.js';
import { byId, make, setShown, setText } from './dom.js';
import { offeredLanguages } from './languages.js';
import { secondsUntil } from './time.js';
import { countWords, noticeWords } from './words.js';

/** @typedef {import('./state.js').State} State */

/** The screen that everybody sees first. */
export class LandingView {
  #notice = byId('notice');
  #start = /** @type {HTMLButtonElement} */ (byId('start'));
  #language = /** @type {HTMLSelectElement} */ (byId('language'));
  #count = byId('landing-count');
  #chips;

  /** @param {import('./app.js').App} app */
  constructor(app) {
    const { interests, language } = app.lastCriteria;
    this.#chips = new Chips(interests, () => app.state.limits.interests);
    this.#offerLanguages(language);
    byId('start-form').addEventListener('submit', (event) => {
      event.preventDefault();
      if (!this.#chips.commit()) return;
      app.dispatch('start', { criteria: { interests: this.#chips.interests, language: this.#language.value || null } });
    });
  }

  /** @param {State} state @param {number} now */
  show(state, now) {
    if (state.phase !== 'landing') return;
    setText(this.#notice, state.notice === null ? '' : noticeWords(state.notice));
    setShown(this.#notice, state.notice !== null);
    setText(this.#count, countWords(state));
    this.showClocks(state, now);
  }

  /** @param {State} state @param {number} now */
  showClocks(state, now) {
    if (state.phase !== 'landing') return;
    const { notice } = state;
    const wait = notice?.kind === 'rate_limited' && typeof notice.until === 'number' ? secondsUntil(notice.until, now) : 0;
    this.#start.disabled = wait > 0;
    setText(this.#start, wait > 0 ? `Start in ${wait} s` : 'Start');
  }

  /** @param {string | null} chosen */
  #offerLanguages(chosen) {
    for (const { tag, name } of offeredLanguages(navigator.languages)) {
      this.#language.append(make('option', { value: tag, lang: tag }, name));
    }
    this.#language.value = chosen ?? '';
    if (this.#language.selectedIndex < 0) this.#language.value = '';
  }
}
