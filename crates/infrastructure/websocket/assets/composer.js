/**
 * Where the user writes.
 *
 * Architecture invariants: Enter that ends an input method's composition sends nothing; the text goes out as it stands.
 *
 * @module
 */

import { unanswered, UNANSWERED_KEPT } from './chat.js';
import { byId, setText } from './dom.js';
import { loadDraft, saveDraft } from './storage.js';
import { characters, isVisible, sendable } from './text.js';
import { TypingSignal } from './typing.js';

/** @typedef {import('./state.js').State} State */

/** The counter appears when this part of the limit is used. */
const COUNT_FROM = 0.8;

/** The message input with its counter and its send button. */
export class Composer {
  #app;
  #input = /** @type {HTMLTextAreaElement} */ (byId('message'));
  #send = /** @type {HTMLButtonElement} */ (byId('send'));
  #count = byId('composer-count');
  #typing;
  #limit = 0;
  #isFull = false;

  /** @param {import('./app.js').App} app */
  constructor(app) {
    this.#app = app;
    this.#typing = new TypingSignal(
      (on) => app.dispatch('typing', { chatId: app.state.chat?.id, on }),
      { now: () => Date.now(), after: (ms, run) => setTimeout(run, ms), cancel: (timer) => clearTimeout(timer) },
    );
    byId('composer').addEventListener('submit', (event) => {
      event.preventDefault();
      this.#submit();
    });
    this.#input.addEventListener('input', () => {
      // Whoever goes on writing does not mean to skip.
      app.dispatch('write');
      this.#keepDraft();
      this.#typing.changed(this.#input.value === '');
      this.#measure();
    });
    this.#input.addEventListener('keydown', (event) => {
      if (event.key !== 'Enter' || event.shiftKey || event.isComposing || event.keyCode === 229) return;
      event.preventDefault();
      this.#submit();
    });
  }

  focus() {
    this.#input.focus();
  }

  /**
   * A chat begins, or is there again after a reload. Another draft was meant for somebody who is gone.
   *
   * @param {string} chatId
   */
  begin(chatId) {
    this.#typing.reset();
    this.#input.value = loadDraft(chatId);
    this.#keepDraft();
    this.#measure();
  }

  /** No chat is on: drops the draft and what was told about it, as it was meant for somebody who is gone. */
  abandon() {
    this.#typing.reset();
    if (this.#input.value === '') return;
    this.#input.value = '';
    this.#keepDraft();
    this.#measure();
  }

  /** @param {State} state */
  show(state) {
    this.#limit = state.limits.message_chars;
    this.#isFull = state.chat !== null && unanswered(state.chat).length >= UNANSWERED_KEPT;
    this.#measure();
  }

  #submit() {
    const text = sendable(this.#input.value);
    if (this.#send.disabled || !isVisible(text)) return;
    this.#typing.reset();
    this.#input.value = '';
    this.#keepDraft();
    this.#measure();
    this.#app.dispatch('say', { text });
    this.#input.focus();
  }

  #keepDraft() {
    saveDraft(this.#app.state.chat?.id ?? '', this.#input.value);
  }

  /** Grows the input with its text and says how much room is left. */
  #measure() {
    this.#input.style.height = 'auto';
    if (this.#input.value !== '') this.#input.style.height = `${this.#input.scrollHeight + 2}px`;
    const length = characters(sendable(this.#input.value));
    const left = this.#limit - length;
    this.#send.disabled = this.#isFull || left < 0 || !isVisible(this.#input.value);
    this.#input.setAttribute('aria-invalid', String(left < 0));
    this.#count.classList.toggle('over', left < 0);
    setText(this.#count, this.#words(length, left));
  }

  /** @param {number} length @param {number} left @returns {string} */
  #words(length, left) {
    if (this.#isFull) return 'Wait until some of your messages have arrived.';
    if (left < 0) return `${-left} too many`;
    return length >= this.#limit * COUNT_FROM ? `${left} left` : '';
  }
}
