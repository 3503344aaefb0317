/**
 * What may be sent: the client's copy of the server's rules for text and interests, so that most mistakes are told
 * before anything is sent.
 *
 * Architecture invariants: pure. The server decides; nothing here is a defence.
 *
 * @module
 */

import { INTEREST_CHARS } from './protocol.js';

const CONTROL = /[\p{Cc}]/gu;
const CONTROL_BUT_LINES = /[^\P{Cc}\n\t]/gu;
const BIDI_CONTROL = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;
const VISIBLE = /[^\p{White_Space}\p{Default_Ignorable_Code_Point}\p{Cc}]/u;
const LONE_SURROGATE = /\p{Surrogate}/gu;

/**
 * The number of Unicode scalar values, which is how the limits of the protocol count.
 *
 * @param {string} text
 * @returns {number}
 */
export function characters(text) {
  let count = 0;
  for (const _ of text) count += 1;
  return count;
}

/**
 * Whether the text has something to see.
 *
 * @param {string} text
 * @returns {boolean}
 */
export function isVisible(text) {
  return VISIBLE.test(text);
}

/**
 * The text as it can be sent: line ends are line feeds, control characters and broken surrogates are gone, and
 * everything else is left as it was typed.
 *
 * @param {string} text
 * @returns {string}
 */
export function sendable(text) {
  return text
    .replace(/\r\n?/g, '\n')
    .replace(CONTROL_BUT_LINES, '')
    .replace(LONE_SURROGATE, '\ufffd');
}

/**
 * Reads interests from what was typed, separated by commas or line breaks.
 *
 * @param {string} typed
 * @returns {{ accepted: string[], tooLong: string[], unseen: number }} trimmed, each once; and how many have nothing to see
 */
export function readInterests(typed) {
  const accepted = new Map();
  const tooLong = [];
  let unseen = 0;
  for (const part of typed.split(/[,\n\uff0c\u3001]/u)) {
    const interest = part.replace(CONTROL, ' ').replace(BIDI_CONTROL, '').replace(LONE_SURROGATE, '').trim();
    if (!isVisible(interest)) {
      if (part.trim() !== '') unseen += 1;
      continue;
    }
    const key = interestKey(interest);
    if (characters(key) > INTEREST_CHARS) tooLong.push(interest);
    else if (!accepted.has(key)) accepted.set(key, interest);
  }
  return { accepted: [...accepted.values()], tooLong, unseen };
}

/**
 * What makes two spellings the same interest.
 *
 * @param {string} interest
 * @returns {string}
 */
export function interestKey(interest) {
  return interest.normalize('NFKC').toLowerCase();
}
