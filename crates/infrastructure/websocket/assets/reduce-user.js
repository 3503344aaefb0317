/**
 * What the user does.
 *
 * Architecture invariants: pure. A command is sent only on an open link, and always names the chat it was meant for.
 *
 * @module
 */

import { addLine, markLine, unanswered, UNANSWERED_KEPT } from './chat.js';
import { archive } from './reduce-chat.js';
import { AFTERWARDS_MS, command } from './protocol.js';
import { CLOSED_LINK, remember, step } from './state.js';

/** @typedef {import('./state.js').State} State */
/** @typedef {import('./state.js').Step} Step */
/** @typedef {import('./reducer.js').Action} Action */

/** A first Escape stays good for this long. */
export const ARMED_MS = 3_000;

/**
 * @param {State} state
 * @param {Action} action
 * @returns {Step}
 */
export function onUser(state, action) {
  switch (action.type) {
    case 'start': return start(state, action);
    case 'leave': return leave(state, action);
    case 'say': return say(state, action);
    case 'say_again': return sayAgain(state, action);
    case 'typing': return typing(state, action);
    case 'skip': return skip(state, action);
    case 'escape': return escape(state, action);
    case 'write': return step(state.armedFor === null ? state : { ...state, armedFor: null, armedUntil: null });
    case 'report': return report(state, action);
    case 'block': return block(state, action);
    case 'dismiss': return step({ ...state, notice: null });
    default: return step(state);
  }
}

/** @param {State} state @param {Action} action @returns {Step} */
function start(state, action) {
  if (state.phase !== 'landing') return step(state);
  /** @type {State} */
  const next = { ...state, phase: 'searching', wanted: action.criteria, notice: null, waiting: null };
  if (state.link.status === 'open') {
    const sent = remember({ ...next, joinUnsent: false }, action.id, { type: 'join', chatId: null });
    return step(sent, { do: 'send', frame: command.join(action.id, action.criteria) }, { do: 'focus', on: 'search' });
  }
  const connecting = { ...next, joinUnsent: true, link: { ...CLOSED_LINK, status: /** @type {const} */ ('connecting') } };
  return step(connecting, connect(state), { do: 'focus', on: 'search' });
}

/**
 * @param {State} state
 * @returns {import('./state.js').Effect}
 */
export function connect(state) {
  return { do: 'connect', token: state.seat?.token ?? null, lastSeq: state.seat === null ? null : state.lastSeq };
}

/** Ends the chat or the search; also the way out while the connection is lost. @param {State} state @param {Action} action @returns {Step} */
function leave(state, action) {
  if (state.phase === 'landing') return step(state);
  /** @type {State} */
  const idle = { ...state, phase: 'landing', wanted: null, joinUnsent: false, waiting: null, armedFor: null, armedUntil: null };
  if (state.link.status === 'open' && state.replay === null) {
    const leaving = archive({ ...idle, leaving: true }, 'you_left', action.now);
    return step(
      remember(leaving, action.id, { type: 'leave', chatId: null }),
      { do: 'send', frame: command.leave(action.id) },
      { do: 'focus', on: 'landing' },
    );
  }
  // Nobody can be told. The seat ends by itself when its grace is over.
  const gone = archive({ ...idle, seat: null, replay: null, link: CLOSED_LINK }, 'you_left', action.now);
  return step(gone, { do: 'disconnect' }, { do: 'focus', on: 'landing' });
}

/** @param {State} state @param {Action} action @returns {Step} */
function say(state, action) {
  const { chat } = state;
  if (chat === null || unanswered(chat).length >= UNANSWERED_KEPT) return step(state);
  const isOpen = state.link.status === 'open' && state.replay === null;
  const said = addLine(chat, {
    key: action.id, from: 'me', text: action.text, at: action.now, tick: isOpen ? 'sent' : 'queued',
  });
  const next = { ...state, chat: said };
  if (!isOpen) return step(next);
  return step(
    remember(next, action.id, { type: 'message', chatId: chat.id }),
    { do: 'send', frame: command.message(chat.id, action.id, action.text) },
  );
}

/**
 * Says a failed message again. What may have arrived keeps its id, so that the partner cannot get it twice; what was
 * refused for certain gets a new one and goes to the end, where it will be read.
 *
 * @param {State} state
 * @param {Action} action
 * @returns {Step}
 */
function sayAgain(state, action) {
  const { chat } = state;
  const line = chat?.lines.find((candidate) => candidate.key === action.key && candidate.tick === 'failed');
  if (chat === null || line === undefined) return step(state);
  if (line.why !== 'unconfirmed') {
    const without = { ...chat, lines: chat.lines.filter((candidate) => candidate !== line) };
    return say({ ...state, chat: without }, { ...action, text: line.text });
  }
  const isOpen = state.link.status === 'open' && state.replay === null;
  const again = { ...state, chat: markLine(chat, line.key, { tick: isOpen ? 'sent' : 'queued', why: undefined }) };
  if (!isOpen) return step(again);
  return step(
    remember(again, line.key, { type: 'message', chatId: chat.id }),
    { do: 'send', frame: command.message(chat.id, line.key, line.text) },
  );
}

/** @param {State} state @param {Action} action @returns {Step} */
function typing(state, action) {
  const { chat } = state;
  if (chat === null || chat.id !== action.chatId || state.link.status !== 'open') return step(state);
  return step(state, { do: 'send', frame: command.typing(chat.id, action.on) });
}

/** @param {State} state @param {Action} action @returns {Step} */
function skip(state, action) {
  const { chat } = state;
  if (chat === null || chat.skipping || state.link.status !== 'open') return step(state);
  if (action.chatId !== undefined && action.chatId !== chat.id) return step(state);
  if (chat.skipAfter !== null && action.now < chat.skipAfter) return step(state);
  const next = { ...state, chat: { ...chat, skipping: true, skipAfter: null }, armedFor: null, armedUntil: null };
  return step(
    remember(next, action.id, { type: 'skip', chatId: chat.id }),
    { do: 'send', frame: command.skip(action.id, chat.id) },
  );
}

/** The first Escape arms, a second one within three seconds and in the same chat skips. @param {State} state @param {Action} action @returns {Step} */
function escape(state, action) {
  const { chat } = state;
  if (chat === null || chat.skipping || state.link.status !== 'open') return step(state);
  if (state.armedFor === chat.id && state.armedUntil !== null && action.now < state.armedUntil) return skip(state, action);
  return step({ ...state, armedFor: chat.id, armedUntil: action.now + ARMED_MS });
}

/**
 * Whether a report or a block may still name this chat.
 *
 * @param {import('./state.js').Chat} chat
 * @param {number} now
 * @returns {boolean}
 */
export function mayBeNamed(chat, now) {
  return chat.endedAt === null || now < chat.endedAt + AFTERWARDS_MS;
}

/** @param {State} state @param {Action} action @returns {Step} */
function report(state, action) {
  if (state.link.status !== 'open') return step(state);
  /** @type {import('./state.js').Sent} */
  const sent = { type: 'report', chatId: action.chatId };
  if (action.thenBlock && state.chat?.id === action.chatId) sent.then = 'block';
  return step(
    remember(state, action.id, sent),
    { do: 'send', frame: command.report(action.id, action.chatId, action.reason, action.detail) },
  );
}

/** @param {State} state @param {Action} action @returns {Step} */
function block(state, action) {
  if (state.link.status !== 'open') return step(state);
  return step(
    remember(state, action.id, { type: 'block', chatId: action.chatId }),
    { do: 'send', frame: command.block(action.id, action.chatId) },
  );
}
