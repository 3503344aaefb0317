/**
 * The page was reloaded, and the tab still knows its seat.
 *
 * Architecture invariants: pure. What was stored is believed only as far as its shape holds.
 *
 * @module
 */

import { connect } from './reduce-user.js';
import { CLOSED_LINK, initialState, step } from './state.js';
import { openChat } from './chat.js';

/** @typedef {import('./state.js').State} State */
/** @typedef {import('./state.js').Step} Step */
/** @typedef {import('./state.js').Line} Line */
/** @typedef {import('./state.js').Chat} Chat */
/** @typedef {import('./reducer.js').Action} Action */

/** @typedef {Pick<Chat, 'id' | 'common' | 'language' | 'startedAt' | 'lines' | 'reported' | 'blocked' | 'endedAt' | 'ending'>} SavedChat */

/**
 * @typedef {object} Saved what a tab keeps over a reload
 * @property {string} token
 * @property {string} userId
 * @property {number} lastSeq
 * @property {'landing' | 'searching' | 'chatting'} phase
 * @property {import('./protocol.js').Criteria | null} wanted
 * @property {boolean} joinUnsent
 * @property {SavedChat | null} chat
 * @property {SavedChat | null} previous
 * @property {number} savedAt
 */

/** Lines of a chat that are kept over a reload. */
const LINES_SAVED = 300;

/**
 * What to store of this state, or null when there is nothing to come back to.
 *
 * @param {State} state
 * @param {number} now
 * @returns {Saved | null}
 */
export function toSave(state, now) {
  if (state.seat === null || state.leaving) return null;
  return {
    token: state.seat.token,
    userId: state.seat.userId,
    lastSeq: state.lastSeq,
    phase: state.phase,
    wanted: state.wanted,
    joinUnsent: state.joinUnsent,
    chat: state.chat && chatToSave(state.chat),
    // What was said is not kept, only what it takes to report or block somebody.
    previous: state.previous && chatToSave({ ...state.previous, common: [], lines: [] }),
    savedAt: now,
  };
}

/** @param {Chat} chat @returns {SavedChat} */
function chatToSave({ id, common, language, startedAt, lines, reported, blocked, endedAt, ending }) {
  return { id, common, language, startedAt, lines: lines.slice(-LINES_SAVED), reported, blocked, endedAt, ending };
}

/**
 * @param {State} _state
 * @param {Action} action with `saved`
 * @returns {Step}
 */
export function onRestored(_state, action) {
  const saved = /** @type {Saved} */ (action.saved);
  if (!isSaved(saved)) return step(initialState());
  const chat = saved.phase === 'chatting' ? restoredChat(saved.chat) : null;
  const phase = saved.phase === 'chatting' && chat === null ? 'searching' : saved.phase;
  const isBusy = phase !== 'landing';
  /** @type {State} */
  const state = {
    ...initialState(),
    phase,
    seat: { userId: saved.userId, token: saved.token },
    lastSeq: saved.lastSeq,
    wanted: saved.wanted ?? { interests: [], language: null },
    joinUnsent: isBusy && saved.joinUnsent === true,
    chat,
    previous: restoredChat(saved.previous),
    link: isBusy ? { ...CLOSED_LINK, status: 'connecting', lostAt: saved.savedAt } : CLOSED_LINK,
  };
  return isBusy ? step(state, connect(state)) : step({ ...state, wanted: null });
}

/** @param {any} saved @returns {boolean} */
function isSaved(saved) {
  return saved !== null && typeof saved === 'object' && typeof saved.token === 'string' && saved.token !== ''
    && Number.isSafeInteger(saved.lastSeq) && saved.lastSeq >= 0
    && ['landing', 'searching', 'chatting'].includes(saved.phase);
}

/** @param {SavedChat | null} chat @returns {Chat | null} */
function restoredChat(chat) {
  if (chat === null || typeof chat !== 'object' || typeof chat.id !== 'string') return null;
  const opened = openChat({ common_interests: chat.common, language: chat.language }, chat.id, chat.startedAt);
  const lines = Array.isArray(chat.lines) ? chat.lines.filter((line) => typeof line?.text === 'string') : [];
  return {
    ...opened,
    lines,
    reported: chat.reported === true,
    blocked: chat.blocked === true,
    endedAt: typeof chat.endedAt === 'number' ? chat.endedAt : null,
    ending: typeof chat.ending === 'string' ? chat.ending : null,
  };
}
