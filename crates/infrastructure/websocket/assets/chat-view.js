/**
 * The chat.
 *
 * Architecture invariants: draws from the state alone. The draft belongs to one chat and dies with it, so that what was
 * written for one stranger cannot be sent to the next.
 *
 * @module
 */

import { Composer } from './composer.js';
import { byId, make, setShown, setText } from './dom.js';
import { download } from './log.js';
import { secondsUntil } from './time.js';
import { Transcript } from './transcript.js';
import { chatStatus, languageName } from './words.js';

/** @typedef {import('./state.js').State} State */
/** @typedef {import('./state.js').Chat} Chat */

/** Closer to the end than this, the log follows what is new. */
const AT_END_PX = 80;

/** The screen of a conversation. */
export class ChatView {
  #composer;
  #transcript;
  #log = byId('log');
  #lines = byId('lines');
  #meeting = byId('meeting');
  #typing = byId('typing');
  #toNewest = byId('to-newest');
  #status = byId('chat-status');
  #countdown = byId('chat-countdown');
  #tryNow = byId('chat-try');
  #skip = /** @type {HTMLButtonElement} */ (byId('skip'));
  #skipLabel = byId('skip-label');
  #menu = byId('menu');
  #menuReport = /** @type {HTMLButtonElement} */ (byId('menu-report'));
  /** @type {string | null} */
  #shownId = null;
  #isAtEnd = true;

  /**
   * @param {import('./app.js').App} app
   * @param {import('./dialogs.js').Dialogs} dialogs
   */
  constructor(app, dialogs) {
    this.#composer = new Composer(app);
    this.#transcript = new Transcript(this.#lines, (key) => app.dispatch('say_again', { key }));
    byId('leave').addEventListener('click', () => app.dispatch('leave'));
    this.#skip.addEventListener('click', () => app.dispatch('skip', { chatId: this.#shownId ?? undefined }));
    this.#tryNow.addEventListener('click', () => app.retryNow());
    this.#onMenu('menu-report', (chat) => dialogs.askReport(chat.id), app);
    this.#onMenu('menu-block', (chat) => dialogs.askBlock(chat.id), app);
    this.#onMenu('menu-save', download, app);
    this.#log.addEventListener('scroll', () => this.#onScroll());
    this.#toNewest.addEventListener('click', () => {
      this.#scrollToEnd();
      this.#composer.focus();
    });
    new ResizeObserver(() => {
      if (this.#isAtEnd) this.#scrollToEnd();
    }).observe(this.#log);
  }

  focus() {
    this.#composer.focus();
  }

  /** @param {State} state @param {number} now */
  show(state, now) {
    const { chat } = state;
    if (chat === null) {
      this.#composer.abandon();
      this.#shownId = null;
      return;
    }
    const isNew = chat.id !== this.#shownId;
    if (isNew) this.#open(chat);
    const hasChanged = this.#transcript.show(chat.lines);
    const isTyping = chat.typingUntil !== null;
    const typingChanged = this.#typing.hidden === isTyping;
    setShown(this.#typing, isTyping);
    if (isNew || chat.lines.at(-1)?.from === 'me' && hasChanged) this.#isAtEnd = true;
    if ((hasChanged || typingChanged || isNew) && this.#isAtEnd) this.#scrollToEnd();
    else if (hasChanged && !this.#isAtEnd) setShown(this.#toNewest, true);
    setShown(this.#tryNow, state.link.status === 'retrying');
    setText(this.#menuReport.lastChild ?? this.#menuReport, chat.reported ? 'Reported' : 'Report…');
    this.#menuReport.disabled = chat.reported;
    this.#composer.show(state);
    this.showClocks(state, now);
  }

  /** @param {State} state @param {number} now */
  showClocks(state, now) {
    const { chat, link } = state;
    if (chat === null) return;
    const status = chatStatus(state);
    setText(this.#status, status.text);
    /** @type {HTMLElement} */ (this.#status.parentElement).dataset['tone'] = status.tone;
    setText(this.#countdown, countdownWords(state, now));
    const wait = chat.skipAfter === null ? 0 : secondsUntil(chat.skipAfter, now);
    setText(this.#skipLabel, skipWords(state, chat, wait));
    // Not disabled, so that whoever has the focus there keeps it.
    this.#skip.setAttribute('aria-disabled', String(wait > 0));
    if (wait > 0) this.#skip.setAttribute('aria-label', `Skip, possible in ${wait} s`);
    else this.#skip.removeAttribute('aria-label');
    this.#skip.classList.toggle('armed', state.armedFor === chat.id);
    this.#skip.disabled = chat.skipping || link.status !== 'open';
  }

  /** @param {Chat} chat */
  #open(chat) {
    this.#shownId = chat.id;
    this.#isAtEnd = true;
    this.#composer.begin(chat.id);
    if (chat.language === null) this.#lines.removeAttribute('lang');
    else this.#lines.lang = chat.language;
    const parts = [make('p', {}, 'You are talking with a stranger. Say hello.')];
    if (chat.common.length > 0) {
      parts.push(make('p', { class: 'common' }, 'You both like ', ...chat.common.map((interest) => make('bdi', { class: 'chip', dir: 'auto' }, interest))));
    }
    if (chat.language !== null) parts.push(make('p', {}, `You both picked ${languageName(chat.language)}.`));
    this.#meeting.replaceChildren(...parts);
  }

  /** @param {string} id @param {(chat: Chat) => void} run @param {import('./app.js').App} app */
  #onMenu(id, run, app) {
    byId(id).addEventListener('click', () => {
      this.#menu.hidePopover();
      if (app.state.chat !== null) run(app.state.chat);
    });
  }

  #onScroll() {
    const below = this.#log.scrollHeight - this.#log.scrollTop - this.#log.clientHeight;
    this.#isAtEnd = below < AT_END_PX;
    if (this.#isAtEnd) setShown(this.#toNewest, false);
  }

  #scrollToEnd() {
    this.#log.scrollTop = this.#log.scrollHeight;
    this.#isAtEnd = true;
    setShown(this.#toNewest, false);
  }
}

/** @param {State} state @param {number} now @returns {string} */
function countdownWords(state, now) {
  if (state.link.retryAt !== null) return `Next try in ${secondsUntil(state.link.retryAt, now)} s.`;
  if (state.chat === null || state.chat.awayUntil === null || state.link.status !== 'open') return '';
  return `${secondsUntil(state.chat.awayUntil, now)} s to come back.`;
}

/** @param {State} state @param {Chat} chat @param {number} wait @returns {string} */
function skipWords(state, chat, wait) {
  if (wait > 0) return `${wait} s`;
  return state.armedFor === chat.id ? 'Sure?' : 'Skip';
}
