/**
 * The first event of a connection: is this the seat we had, and where does it stand?
 *
 * Architecture invariants: pure. After a resume the state of `welcome` counts only once everything up to its
 * `replay_to` was processed; nothing is resent before that.
 *
 * @module
 */

import { addNote } from './chat.js';
import { archive, meet, resend, setPartnerAway, withChat } from './reduce-chat.js';
import { command } from './protocol.js';
import { CLOSED_LINK, localTime, remember, step } from './state.js';

/** @typedef {import('./state.js').State} State */
/** @typedef {import('./state.js').Step} Step */
/** @typedef {import('./state.js').Frame} Frame */
/** @typedef {import('./reducer.js').Action} Action */

/** Who was away for longer is not put back into the queue unasked: nobody may sit at the page. */
const STILL_SEARCHING_MS = 60_000;

/**
 * @param {State} state
 * @param {Action} action
 * @returns {Step}
 */
export function onWelcome(state, action) {
  const { frame, now } = action;
  const lostAt = state.link.lostAt;
  /** @type {State} */
  const welcomed = {
    ...state,
    link: { ...CLOSED_LINK, status: 'open' },
    seat: { userId: String(frame.user_id), token: String(frame.resume_token) },
    lastSeq: frame.seq,
    limits: { ...state.limits, ...frame.limits },
    clockOffset: typeof frame.now === 'number' ? frame.now - now : 0,
    stats: typeof frame.online === 'number' ? { waiting: null, chatting: null, ...state.stats, online: frame.online } : state.stats,
    replay: null,
    leaving: false,
  };
  if (frame.resumed !== true) return onFreshSeat(welcomed, action, lostAt);

  const noted = frame.gap === true && welcomed.chat !== null
    ? { ...welcomed, chat: addNote(welcomed.chat, 'gap', now) }
    : welcomed;
  const chatId = noted.chat?.id ?? null;
  if (frame.seq < frame.replay_to) return step({ ...noted, replay: { to: frame.replay_to, welcome: frame, chatId } });
  return settle({ ...noted, replay: { to: frame.seq, welcome: frame, chatId } }, action);
}

/**
 * The seat is a new one. What the old one had is gone, and the page says so.
 *
 * @param {State} state
 * @param {Action} action
 * @param {number | null} lostAt
 * @returns {Step}
 */
function onFreshSeat(state, action, lostAt) {
  const { now } = action;
  if (state.chat !== null) {
    const gone = archive({ ...state, phase: 'landing', wanted: null, waiting: null, notice: { kind: 'chat_gone' } }, 'expired', now);
    return step(gone, { do: 'focus', on: 'landing' });
  }
  if (state.phase !== 'searching' || state.wanted === null) return step({ ...state, phase: 'landing' });
  if (state.joinUnsent || lostAt === null || now - lostAt < STILL_SEARCHING_MS) return join({ ...state, waiting: null }, action);
  return step(
    { ...state, phase: 'landing', wanted: null, waiting: null, notice: { kind: 'place_gone' } },
    { do: 'focus', on: 'landing' },
  );
}

/** @param {State} state @param {Action} action @returns {Step} */
function join(state, action) {
  if (state.wanted === null) return step(state);
  const sent = remember({ ...state, joinUnsent: false }, action.id, { type: 'join', chatId: null });
  return step(sent, { do: 'send', frame: command.join(action.id, state.wanted) });
}

/**
 * The replay is over: the state of `welcome` is the state of the seat.
 *
 * @param {State} state
 * @param {Action} action
 * @returns {Step}
 */
export function settle(state, action) {
  if (state.replay === null) return step(state);
  const { welcome, chatId } = state.replay;
  const caughtUp = { ...state, replay: null };
  switch (welcome.state) {
    case 'chatting': return settleChatting(caughtUp, welcome, chatId, action.now);
    case 'waiting': return settleWaiting(caughtUp, welcome, action);
    default: return settleIdle(caughtUp, action);
  }
}

/** @param {State} state @param {Frame} welcome @param {string | null} chatId the chat that was on before @param {number} now @returns {Step} */
function settleChatting(state, welcome, chatId, now) {
  const isOurs = state.chat !== null && state.chat.id === welcome.chat_id;
  const met = isOurs ? step({ ...state, phase: 'chatting' }) : meet(state, String(welcome.chat_id), welcome.chat ?? {}, now);
  const present = setPartnerAway(met.state, welcome.chat_id, welcome.partner_away_until);
  const noted = chatId === welcome.chat_id ? withChat(present, welcome.chat_id, (chat) => addNote(chat, 'back', now)) : present;
  const resent = resend({ ...noted, joinUnsent: false, waiting: null });
  return { state: resent.state, effects: [...met.effects, ...resent.effects] };
}

/** @param {State} state @param {Frame} welcome @param {Action} action @returns {Step} */
function settleWaiting(state, welcome, action) {
  const alone = archive(state, 'lost', action.now);
  /** @type {State} */
  const waiting = {
    ...alone,
    phase: 'searching',
    waiting: {
      startedAt: state.waiting?.startedAt ?? action.now,
      cooldownUntil: localTime(state, welcome.cooldown_until),
      paused: state.waiting?.paused ?? false,
    },
  };
  return state.joinUnsent ? join(waiting, action) : step(waiting);
}

/** @param {State} state @param {Action} action @returns {Step} */
function settleIdle(state, action) {
  const alone = archive(state, 'lost', action.now);
  if (alone.joinUnsent) return join(alone, action);
  if (alone.phase === 'landing') return step(alone);
  return step({ ...alone, phase: 'landing', wanted: null, waiting: null }, { do: 'focus', on: 'landing' });
}
