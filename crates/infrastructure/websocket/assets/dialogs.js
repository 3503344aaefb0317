/**
 * Report and block: the two questions that are asked before something is sent.
 *
 * Architecture invariants: a dialog is about the chat it was opened for, whatever happens meanwhile.
 *
 * @module
 */

import { byId, setShown, setText } from './dom.js';
import { REPORT_DETAIL_CHARS } from './protocol.js';
import { characters, sendable } from './text.js';

/** @typedef {import('./state.js').State} State */

const NO_LINK = 'There is no connection just now. Try again when it is back.';

/** The dialogs of the page. */
export class Dialogs {
  #app;
  #report = /** @type {HTMLDialogElement} */ (byId('report-dialog'));
  #reportForm = /** @type {HTMLFormElement} */ (byId('report-form'));
  #reportTrouble = byId('report-trouble');
  #detail = /** @type {HTMLTextAreaElement} */ (byId('report-detail'));
  #detailCount = byId('report-count');
  #end = /** @type {HTMLInputElement} */ (byId('report-end'));
  #endRow = byId('report-end-row');
  #block = /** @type {HTMLDialogElement} */ (byId('block-dialog'));
  #blockTrouble = byId('block-trouble');
  /** @type {string | null} */
  #chatId = null;

  /** @param {import('./app.js').App} app */
  constructor(app) {
    this.#app = app;
    for (const button of document.querySelectorAll('[data-close]')) {
      button.addEventListener('click', () => button.closest('dialog')?.close());
    }
    for (const dialog of [this.#report, this.#block]) dialog.addEventListener('close', () => this.#returnFocus());
    this.#detail.addEventListener('input', () => this.#countDetail());
    this.#reportForm.addEventListener('submit', (event) => {
      event.preventDefault();
      this.#sendReport();
    });
    byId('block-form').addEventListener('submit', (event) => {
      event.preventDefault();
      this.#sendBlock();
    });
  }

  /** @param {string} chatId */
  askReport(chatId) {
    this.#chatId = chatId;
    this.#reportForm.reset();
    setShown(this.#reportTrouble, false);
    this.#countDetail();
    this.show(this.#app.state);
    this.#report.showModal();
  }

  /** @param {string} chatId */
  askBlock(chatId) {
    this.#chatId = chatId;
    setShown(this.#blockTrouble, false);
    this.#block.showModal();
  }

  /** @param {State} state */
  show(state) {
    setShown(this.#endRow, state.chat !== null && state.chat.id === this.#chatId);
  }

  /** The menu that opened the dialog is closed and cannot take the focus back, but its button can. */
  #returnFocus() {
    if (document.activeElement !== null && document.activeElement !== document.body) return;
    if (this.#app.state.phase === 'chatting') byId('menu-button').focus();
    else if (this.#app.state.phase === 'searching') byId('search-title').focus();
  }

  #countDetail() {
    const left = REPORT_DETAIL_CHARS - characters(sendable(this.#detail.value));
    this.#detailCount.classList.toggle('trouble', left < 0);
    setText(this.#detailCount, left < 0 ? `${-left} characters too many` : `Up to ${left} characters`);
  }

  #sendReport() {
    const reason = new FormData(this.#reportForm).get('reason');
    const detail = sendable(this.#detail.value).trim();
    if (typeof reason !== 'string') return this.#complain(this.#reportTrouble, 'Please pick a reason.');
    if (characters(detail) > REPORT_DETAIL_CHARS) return this.#complain(this.#reportTrouble, 'Please shorten your words.');
    if (this.#app.state.link.status !== 'open') return this.#complain(this.#reportTrouble, NO_LINK);
    this.#app.dispatch('report', { chatId: this.#chatId, reason, detail, thenBlock: this.#end.checked });
    this.#report.close();
    return undefined;
  }

  #sendBlock() {
    if (this.#app.state.link.status !== 'open') return this.#complain(this.#blockTrouble, NO_LINK);
    this.#app.dispatch('block', { chatId: this.#chatId });
    this.#block.close();
    return undefined;
  }

  /** @param {HTMLElement} where @param {string} words */
  #complain(where, words) {
    setText(where, words);
    setShown(where, true);
  }
}
