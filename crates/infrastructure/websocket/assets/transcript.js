/**
 * The lines of a conversation as elements.
 *
 * Architecture invariants: what strangers wrote enters as text within `<bdi dir="auto">`, and nothing is fetched for it.
 *
 * @module
 */

import { make, setText } from './dom.js';
import { pieces } from './links.js';
import { clockTime } from './time.js';
import { failureWords, noteWords, tickWords } from './words.js';

/** @typedef {import('./state.js').Line} Line */

/** Lines by the same person within this time stand together. */
const TOGETHER_MS = 90_000;

/** A list of lines that follows the state. */
export class Transcript {
  #list;
  #retry;
  /** @type {Map<string, { line: Line, element: HTMLLIElement }>} */
  #drawn = new Map();
  /** @type {readonly Line[] | null} */
  #lines = null;

  /**
   * @param {HTMLElement} list
   * @param {((key: string) => void) | null} retry what a click on "Try again" does; null where nothing can be retried
   */
  constructor(list, retry) {
    this.#list = list;
    this.#retry = retry;
  }

  /**
   * Shows these lines. Answers whether anything changed.
   *
   * @param {readonly Line[]} lines
   * @returns {boolean}
   */
  show(lines) {
    if (lines === this.#lines) return false;
    this.#lines = lines;
    const wanted = new Set(lines.map((line) => line.key));
    for (const [key, { element }] of this.#drawn) {
      if (wanted.has(key)) continue;
      element.remove();
      this.#drawn.delete(key);
    }
    lines.forEach((line, index) => this.#place(line, index, lines[index - 1]));
    return true;
  }

  /** @param {Line} line @param {number} index @param {Line | undefined} before */
  #place(line, index, before) {
    const drawn = this.#drawn.get(line.key);
    const element = drawn?.element ?? draw(line);
    if (drawn === undefined || drawn.line !== line) {
      this.#drawn.set(line.key, { line, element });
      if (line.from === 'me') dressTick(element, line, this.#retry);
    }
    element.classList.toggle('together', before?.from === line.from && line.at - before.at < TOGETHER_MS);
    const there = this.#list.children[index] ?? null;
    if (there !== element) this.#list.insertBefore(element, there);
  }
}

/** @param {Line} line @returns {HTMLLIElement} */
function draw(line) {
  if (line.from === 'note') return make('li', { class: 'line note' }, noteWords(line.text));
  const text = make('bdi', { dir: 'auto', class: 'text' }, ...pieces(line.text).map(drawPiece));
  const who = make('span', { class: 'visually-hidden' }, line.from === 'me' ? 'You: ' : 'Stranger: ');
  const time = make('time', { datetime: new Date(line.at).toISOString() }, clockTime(line.at));
  const meta = make('span', { class: 'meta' }, time);
  if (line.from === 'me') meta.append(make('span', { class: 'tick' }));
  return make('li', { class: `line ${line.from}` }, make('div', { class: 'bubble' }, who, text), meta);
}

/** @param {import('./links.js').Piece} piece @returns {Node} */
function drawPiece({ text, href }) {
  if (href === null) return document.createTextNode(text);
  return make('a', { href, target: '_blank', rel: 'noopener noreferrer nofollow' }, text);
}

/** @param {HTMLLIElement} element @param {Line} line @param {((key: string) => void) | null} retry */
function dressTick(element, line, retry) {
  element.dataset['tick'] = line.tick ?? '';
  const tick = element.querySelector('.tick');
  if (tick !== null) {
    const words = tickWords(line);
    if (tick.getAttribute('title') !== words) {
      tick.setAttribute('title', words);
      tick.replaceChildren(make('span', { class: 'visually-hidden' }, words));
    }
  }
  element.querySelector('.failure')?.remove();
  if (line.tick !== 'failed') return;
  const failure = make('span', { class: 'failure' }, make('span', {}, failureWords(line.why)));
  if (retry !== null) {
    const again = make('button', { type: 'button', class: 'link-button' });
    setText(again, 'Try again');
    again.addEventListener('click', () => retry(line.key));
    failure.append(again);
  }
  element.append(failure);
}
