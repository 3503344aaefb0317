/**
 * The interests as they are picked: typed, separated by commas, each removable.
 *
 * Architecture invariants: never more than the server takes; what cannot be taken is said, not dropped in silence.
 *
 * @module
 */

import { byId, icon, make, setShown, setText } from './dom.js';
import { INTEREST_CHARS } from './protocol.js';
import { interestKey, readInterests } from './text.js';

/** The input for interests. */
export class Chips {
  /** @type {string[]} */
  #interests;
  #limit;
  #list = byId('chips');
  #input = /** @type {HTMLInputElement} */ (byId('interest-input'));
  #hint = byId('interest-hint');
  #placeholder = this.#input.placeholder;

  /**
   * @param {string[]} interests
   * @param {() => number} limit how many may be picked
   */
  constructor(interests, limit) {
    this.#interests = interests.slice(0, limit());
    this.#limit = limit;
    this.#input.addEventListener('input', () => {
      if (/[,\n\uff0c\u3001]/u.test(this.#input.value)) this.commit();
      else this.#explain('');
    });
    this.#input.addEventListener('keydown', (event) => this.#onKey(event));
    byId('chip-box').addEventListener('click', (event) => {
      if (event.target === event.currentTarget || event.target === this.#list) this.#input.focus();
    });
    this.#draw();
  }

  /** @returns {string[]} */
  get interests() {
    return [...this.#interests];
  }

  /**
   * Takes what stands in the input. Answers whether all of it could be taken.
   *
   * @returns {boolean}
   */
  commit() {
    const { accepted, tooLong, unseen } = readInterests(this.#input.value);
    const known = new Set(this.#interests.map(interestKey));
    const fresh = accepted.filter((interest) => !known.has(interestKey(interest)));
    const room = Math.max(0, this.#limit() - this.#interests.length);
    const left = [...fresh.slice(room), ...tooLong];
    this.#interests.push(...fresh.slice(0, room));
    this.#input.value = left.join(', ');
    this.#draw();
    if (tooLong.length > 0) this.#explain(`An interest may have up to ${INTEREST_CHARS} characters.`);
    else if (left.length > 0) this.#explain(`You can pick up to ${this.#limit()}. Remove one to add another.`);
    else if (unseen > 0) this.#explain('An interest needs something to see.');
    else this.#explain('');
    return left.length === 0 && unseen === 0;
  }

  /** @param {KeyboardEvent} event */
  #onKey(event) {
    if (event.isComposing) return;
    if (event.key === 'Enter' && this.#input.value.trim() !== '') {
      event.preventDefault();
      this.commit();
    } else if (event.key === 'Backspace' && this.#input.value === '' && this.#interests.length > 0) {
      this.#remove(this.#interests.length - 1);
    }
  }

  /** @param {number} index */
  #remove(index) {
    this.#interests.splice(index, 1);
    this.#draw();
    this.#explain('');
    this.#input.focus();
  }

  #draw() {
    setShown(this.#list, this.#interests.length > 0);
    this.#input.placeholder = this.#interests.length > 0 ? '' : this.#placeholder;
    this.#list.replaceChildren(...this.#interests.map((interest, index) => {
      const remove = make('button', { type: 'button', 'aria-label': `Remove ${interest}` }, icon('i-close'));
      remove.addEventListener('click', () => this.#remove(index));
      return make('li', { class: 'chip' }, make('bdi', { dir: 'auto' }, interest), remove);
    }));
  }

  /** @param {string} trouble */
  #explain(trouble) {
    this.#hint.classList.toggle('trouble', trouble !== '');
    setText(this.#hint, trouble === '' ? `Up to ${this.#limit()}, separated by commas. You meet those who share one first.` : trouble);
    if (trouble === '') this.#input.removeAttribute('aria-invalid');
    else this.#input.setAttribute('aria-invalid', 'true');
  }
}
