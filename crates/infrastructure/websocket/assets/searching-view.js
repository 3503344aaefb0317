/**
 * The search, which explains itself.
 *
 * Architecture invariants: draws from the state alone.
 *
 * @module
 */

import { byId, make, setShown, setText } from './dom.js';
import { secondsUntil, span } from './time.js';
import { countWords, isApartForLong, languageName, listOf, searchWords } from './words.js';

/** @typedef {import('./state.js').State} State */

/** The screen between two chats. */
export class SearchingView {
  #title = byId('search-title');
  #lines = byId('search-lines');
  #elapsed = byId('search-elapsed');
  #cooldown = byId('search-cooldown');
  #retry = byId('search-retry');
  #wanted = byId('search-wanted');
  #count = byId('search-count');
  #tryNow = byId('search-try');
  #screen = byId('searching');

  /** @param {import('./app.js').App} app */
  constructor(app) {
    byId('stop').addEventListener('click', () => app.dispatch('leave'));
    this.#tryNow.addEventListener('click', () => app.retryNow());
  }

  /** @param {State} state @param {number} now */
  show(state, now) {
    if (state.phase !== 'searching') return;
    setText(this.#wanted, wantedWords(state));
    setText(this.#count, countWords(state));
    setShown(this.#tryNow, state.link.status === 'retrying');
    this.#screen.dataset['calm'] = String(state.waiting === null || state.waiting.paused || state.link.status !== 'open');
    this.showClocks(state, now);
  }

  /** @param {State} state @param {number} now */
  showClocks(state, now) {
    if (state.phase !== 'searching') return;
    const words = searchWords(state, now);
    setText(this.#title, words.title);
    this.#showLines(words.lines);
    const { waiting, link } = state;
    const isWaiting = waiting !== null && link.status === 'open';
    setText(this.#elapsed, isWaiting ? `Waiting for ${span(Math.floor((now - waiting.startedAt) / 1000) * 1000)}` : '');
    const until = isWaiting && !isApartForLong(state) ? waiting.cooldownUntil : null;
    const cooldown = until === null ? 0 : secondsUntil(until, now);
    setText(this.#cooldown, cooldown > 0 ? `Your last partner again in ${span(cooldown * 1000)}` : '');
    setText(this.#retry, link.retryAt === null ? '' : `Next try in ${secondsUntil(link.retryAt, now)} s`);
  }

  /** @param {string[]} lines */
  #showLines(lines) {
    if ([...this.#lines.children].map((line) => line.textContent).join('\n') === lines.join('\n')) return;
    this.#lines.replaceChildren(...lines.map((line) => make('p', {}, line)));
  }
}

/** @param {State} state @returns {string} */
function wantedWords(state) {
  const { wanted } = state;
  if (wanted === null) return '';
  const language = languageName(wanted.language);
  if (wanted.interests.length === 0) return language === '' ? '' : `You picked ${language}.`;
  return `You picked ${listOf(wanted.interests)}${language === '' ? '' : `, in ${language}`}.`;
}
