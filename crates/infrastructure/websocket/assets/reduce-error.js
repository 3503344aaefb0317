/**
 * A command was refused, or the server says why it is about to close.
 *
 * Architecture invariants: pure. An error is understood by the command it names, never by guessing.
 *
 * @module
 */

import { addNote, markLine } from './chat.js';
import { archive, withChat } from './reduce-chat.js';
import { step } from './state.js';

/** @typedef {import('./state.js').State} State */
/** @typedef {import('./state.js').Step} Step */
/** @typedef {import('./state.js').Frame} Frame */
/** @typedef {import('./reducer.js').Action} Action */

const WAIT_UNKNOWN_MS = 5_000;

/**
 * @param {State} state
 * @param {Action} action with `frame`
 * @returns {Step}
 */
export function onError(state, action) {
  const { frame, now } = action;
  if (frame.code === 'banned' || frame.code === 'kicked') return step({ ...state, farewell: frame });
  const command = typeof frame.ref === 'string' ? state.sent[frame.ref] : undefined;
  if (command === undefined) return step(state);
  const { [frame.ref]: _answered, ...sent } = state.sent;
  const heard = { ...state, sent };
  switch (command.type) {
    case 'message':
      return step(withChat(heard, command.chatId, (chat) => markLine(chat, frame.ref, { tick: 'failed', why: frame.code })));
    case 'join': return onJoinRefused(heard, frame, now);
    case 'skip': return step(onSkipRefused(heard, command.chatId, frame, now));
    case 'leave': return step({ ...heard, leaving: false });
    case 'report': return step(withChat(heard, command.chatId, (chat) => addNote(chat, 'report_failed', now)));
    case 'block': return step(withChat(heard, command.chatId, (chat) => addNote(chat, 'block_failed', now)));
    default: return step(heard);
  }
}

/** @param {State} state @param {Frame} frame @param {number} now @returns {Step} */
function onJoinRefused(state, frame, now) {
  // It crossed a pairing, which is what it asked for.
  if (frame.code === 'already_chatting') return step(state);
  if (state.phase !== 'searching') return step(state);
  const kind = REFUSED_JOIN.has(frame.code) ? frame.code : 'join_refused';
  const until = kind === 'rate_limited' ? now + waitOf(frame) : null;
  const landed = archive({ ...state, phase: 'landing', wanted: null, waiting: null, notice: { kind, until } }, 'lost', now);
  return step(landed, { do: 'focus', on: 'landing' });
}

const REFUSED_JOIN = new Set(['rate_limited', 'invalid_interests', 'invalid_language', 'store_unavailable']);

/** @param {State} state @param {string | null} chatId @param {Frame} frame @param {number} now @returns {State} */
function onSkipRefused(state, chatId, frame, now) {
  const skipAfter = frame.code === 'rate_limited' ? now + waitOf(frame) : null;
  return withChat(state, chatId, (chat) => ({ ...chat, skipping: false, skipAfter }));
}

/** @param {Frame} frame @returns {number} */
function waitOf(frame) {
  return typeof frame.retry_after_ms === 'number' ? Math.max(0, frame.retry_after_ms) : WAIT_UNKNOWN_MS;
}
