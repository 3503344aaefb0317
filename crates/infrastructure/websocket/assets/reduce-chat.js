/**
 * Opening and closing the conversation within the state.
 *
 * Architecture invariants: pure. One chat at a time; only the last one before it is kept.
 *
 * @module
 */

import { deliverKept, endChat, markLine, openChat, unanswered } from './chat.js';
import { command } from './protocol.js';
import { localTime, remember, step } from './state.js';

/** @typedef {import('./state.js').State} State */
/** @typedef {import('./state.js').Step} Step */
/** @typedef {import('./state.js').Effect} Effect */
/** @typedef {import('./state.js').Chat} Chat */

/**
 * Closes the current chat, if there is one, and keeps it as the previous one.
 *
 * @param {State} state
 * @param {string} ending
 * @param {number} now
 * @returns {State}
 */
export function archive(state, ending, now) {
  if (state.chat === null) return state;
  return { ...state, chat: null, previous: endChat(state.chat, ending, now), armedFor: null, armedUntil: null };
}

/**
 * Opens a chat with somebody new.
 *
 * @param {State} state
 * @param {string} id
 * @param {Record<string, any>} matched
 * @param {number} now
 * @returns {Step}
 */
export function meet(state, id, matched, now) {
  const alone = archive(state, 'lost', now);
  return step(
    { ...alone, phase: 'chatting', waiting: null, notice: null, joinUnsent: false, chat: openChat(matched, id, now) },
    { do: 'notify', of: 'matched' },
    { do: 'focus', on: 'message' },
  );
}

/**
 * Changes the chat with this id, be it the current or the previous one.
 *
 * @param {State} state
 * @param {unknown} id
 * @param {(chat: Chat) => Chat} change
 * @returns {State}
 */
export function withChat(state, id, change) {
  if (state.chat !== null && state.chat.id === id) return { ...state, chat: change(state.chat) };
  if (state.previous !== null && state.previous.id === id) return { ...state, previous: change(state.previous) };
  return state;
}

/**
 * Sends once more, under their old ids, all messages of the current chat that were never answered. The server
 * acknowledges what it has already and delivers the rest, so nothing is lost and nothing comes twice.
 *
 * @param {State} state
 * @returns {Step}
 */
export function resend(state) {
  const { chat } = state;
  if (chat === null) return step(state);
  let next = state;
  /** @type {Effect[]} */
  const effects = [];
  for (const line of unanswered(chat)) {
    next = withChat(next, chat.id, (current) => markLine(current, line.key, { tick: 'sent' }));
    next = remember(next, line.key, { type: 'message', chatId: chat.id });
    effects.push({ do: 'send', frame: command.message(chat.id, line.key, line.text) });
  }
  return { state: next, effects };
}

/**
 * The partner's presence as the server tells it.
 *
 * @param {State} state
 * @param {unknown} id
 * @param {number | undefined | null} until the server's time, or nothing when the partner is there
 * @returns {State}
 */
export function setPartnerAway(state, id, until) {
  const awayUntil = localTime(state, until);
  return withChat(state, id, (chat) => {
    const changed = { ...chat, awayUntil, typingUntil: null };
    return awayUntil === null ? deliverKept(changed) : changed;
  });
}
