/**
 * The page: which screen is shown, where the focus goes, and what is announced.
 *
 * Architecture invariants: draws from the state alone; a view never keeps what the state knows.
 *
 * @module
 */

import { ChatView } from './chat-view.js';
import { Dialogs } from './dialogs.js';
import { byId, setShown, setText } from './dom.js';
import { LandingView } from './landing-view.js';
import { PreviousView } from './previous-view.js';
import { SearchingView } from './searching-view.js';
import { watchKeys } from './keys.js';
import { connectTools } from './tools.js';
import { endingWords, listOf } from './words.js';

/** @typedef {import('./state.js').State} State */

const ACTIVITY = Object.freeze({ landing: '', searching: 'Looking', chatting: 'Chatting' });

/** Everything that is seen. */
export class View {
  #badge;
  #root = byId('app');
  #announcer = byId('announcer');
  #landing;
  #searching;
  #chat;
  #previous;
  #dialogs;
  /** @type {State | null} */
  #shown = null;

  /**
   * @param {import('./app.js').App} app
   * @param {import('./sound.js').Sound} sound
   * @param {import('./badge.js').Badge} badge
   */
  constructor(app, sound, badge) {
    this.#badge = badge;
    this.#dialogs = new Dialogs(app);
    this.#landing = new LandingView(app);
    this.#searching = new SearchingView(app);
    this.#chat = new ChatView(app, this.#dialogs);
    this.#previous = new PreviousView(app, this.#dialogs);
    connectTools(sound);
    watchKeys(app);
    keepAboveKeyboard();
  }

  /**
   * @param {State} state
   * @param {number} now
   */
  show(state, now) {
    const before = this.#shown;
    this.#shown = state;
    if (before?.phase !== state.phase) {
      this.#root.dataset['phase'] = state.phase;
      setShown(byId('landing'), state.phase === 'landing');
      setShown(byId('searching'), state.phase === 'searching');
      setShown(byId('chat'), state.phase === 'chatting');
      this.#badge.setActivity(ACTIVITY[state.phase]);
    }
    this.#landing.show(state, now);
    this.#searching.show(state, now);
    this.#chat.show(state, now);
    this.#previous.show(state, now);
    this.#dialogs.show(state);
    this.#announce(before, state);
  }

  /** Moves what counts seconds. @param {number} now */
  showClocks(now) {
    const state = this.#shown;
    if (state === null) return;
    this.#landing.showClocks(state, now);
    this.#searching.showClocks(state, now);
    this.#chat.showClocks(state, now);
    this.#previous.showClocks(state, now);
  }

  /** @param {string} on */
  focus(on) {
    if (document.querySelector('dialog[open]') !== null) return;
    if (on === 'message') this.#chat.focus();
    else if (on === 'search') byId('search-title').focus();
    else byId('landing-title').focus();
  }

  /** What sighted users see at a glance is told to the others. @param {State | null} before @param {State} state */
  #announce(before, state) {
    if (before === null) return;
    if (state.chat !== null && before.chat?.id !== state.chat.id) {
      const common = state.chat.common.length > 0 ? ` You both like ${listOf(state.chat.common)}.` : '';
      setText(this.#announcer, `You are talking with a stranger.${common}`);
    } else if (state.chat === null && before.chat !== null && state.previous !== null) {
      setText(this.#announcer, endingWords(state.previous.ending));
    }
  }
}

/** Where the browser lays its keyboard over the page instead of shrinking it, the page shrinks itself. */
function keepAboveKeyboard() {
  const viewport = window.visualViewport;
  if (!viewport) return;
  viewport.addEventListener('resize', () => {
    const isCovered = viewport.scale === 1 && window.innerHeight - viewport.height > 80;
    if (isCovered) document.documentElement.style.setProperty('--page-height', `${Math.round(viewport.height)}px`);
    else document.documentElement.style.removeProperty('--page-height');
  });
}
