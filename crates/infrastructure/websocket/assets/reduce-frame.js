/**
 * What the server says.
 *
 * Architecture invariants: pure. A numbered event counts once: its number is taken before anything else is looked at.
 *
 * @module
 */

import { addLine, addNote, markLine } from './chat.js';
import { archive, meet, setPartnerAway, withChat } from './reduce-chat.js';
import { onError } from './reduce-error.js';
import { onWelcome, settle } from './reduce-welcome.js';
import { command } from './protocol.js';
import { localTime, remember, step } from './state.js';

/** @typedef {import('./state.js').State} State */
/** @typedef {import('./state.js').Step} Step */
/** @typedef {import('./state.js').Frame} Frame */
/** @typedef {import('./reducer.js').Action} Action */

/** A partner who types repeats it at most every two seconds; silence for this long means they stopped. */
const TYPING_LASTS_MS = 6_000;

/**
 * @param {State} state
 * @param {Action} action with `frame`, and `id` for a command that the frame may call for
 * @returns {Step}
 */
export function onFrame(state, action) {
  const { frame, now } = action;
  if (frame.type === 'welcome') return onWelcome(state, action);
  if (!Number.isSafeInteger(frame.seq)) return onEvent(state, frame, action);
  if (frame.seq <= state.lastSeq) return step(state);

  const isHole = frame.seq !== state.lastSeq + 1;
  const counted = { ...state, lastSeq: frame.seq };
  const happened = onEvent(isHole ? withGapNote(counted, now) : counted, frame, action);
  const { replay } = happened.state;
  if (replay === null || frame.seq < replay.to) return happened;
  const settled = settle(happened.state, action);
  return { state: settled.state, effects: [...happened.effects, ...settled.effects] };
}

/** @param {State} state @param {number} now @returns {State} */
function withGapNote(state, now) {
  return state.chat === null ? state : { ...state, chat: addNote(state.chat, 'gap', now) };
}

/** @param {State} state @param {Frame} frame @param {Action} action @returns {Step} */
function onEvent(state, frame, action) {
  const { now } = action;
  switch (frame.type) {
    case 'waiting': return onWaiting(state, frame, now);
    case 'matched': return state.leaving ? step(state) : meet(state, String(frame.chat_id), frame, now);
    case 'message': return onMessage(state, frame, now);
    case 'ack': return step(onAck(state, frame));
    case 'typing': return step(onTyping(state, frame, now));
    case 'partner_away': return step(setPartnerAway(state, frame.chat_id, frame.until));
    case 'partner_back': return step(setPartnerAway(state, frame.chat_id, null));
    case 'chat_ended': return onChatEnded(state, frame, now);
    case 'idle': return onIdle(state);
    case 'reported': return onReported(state, frame, action);
    case 'blocked': return step(withChat(state, frame.chat_id, (chat) => ({ ...chat, blocked: true })));
    case 'stats': return step({ ...state, stats: statsOf(frame) });
    case 'draining': {
      const drainUntil = now + (Number(frame.reconnect_after_ms) || 0);
      return step({ ...state, link: { ...state.link, drainUntil } });
    }
    case 'error': return onError(state, action);
    default: return step(state);
  }
}

/** @param {Frame} frame @returns {{ online: number, waiting: number, chatting: number }} */
function statsOf(frame) {
  return { online: Number(frame.online) || 0, waiting: Number(frame.waiting) || 0, chatting: Number(frame.chatting) || 0 };
}

/** @param {State} state @param {Frame} frame @param {number} now @returns {Step} */
function onWaiting(state, frame, now) {
  if (state.leaving) return step(state);
  const alone = archive(state, 'lost', now);
  return step({
    ...alone,
    phase: 'searching',
    joinUnsent: false,
    waiting: {
      startedAt: state.waiting?.startedAt ?? now,
      cooldownUntil: localTime(state, frame.cooldown_until),
      paused: frame.paused === true,
    },
  });
}

/** @param {State} state @param {Frame} frame @param {number} now @returns {Step} */
function onMessage(state, frame, now) {
  if (state.leaving || typeof frame.text !== 'string') return step(state);
  const { replay } = state;
  if (state.chat?.id !== frame.chat_id) {
    // Its `matched` was lost with the gap. The chat that `welcome` tells of is the only one it can belong to.
    if (replay === null || replay.welcome.chat_id !== frame.chat_id) return step(state);
    const met = meet(state, String(frame.chat_id), replay.welcome.chat ?? {}, now);
    const heard = onMessage(met.state, frame, now);
    return { state: heard.state, effects: [...met.effects, ...heard.effects] };
  }
  const at = localTime(state, frame.at) ?? now;
  const heard = withChat(state, frame.chat_id, (chat) => ({
    ...addLine(chat, { key: `stranger-${frame.seq}`, from: 'stranger', text: frame.text, at }),
    typingUntil: null,
  }));
  return step(heard, { do: 'notify', of: 'message' });
}

/** @param {State} state @param {Frame} frame @returns {State} */
function onAck(state, frame) {
  const { [frame.id]: _answered, ...sent } = state.sent;
  return withChat({ ...state, sent }, frame.chat_id, (chat) => {
    const tick = chat.awayUntil === null ? 'delivered' : 'kept';
    return markLine(chat, frame.id, { tick, why: undefined });
  });
}

/** @param {State} state @param {Frame} frame @param {number} now @returns {State} */
function onTyping(state, frame, now) {
  if (state.chat === null || state.chat.id !== frame.chat_id) return state;
  return { ...state, chat: { ...state.chat, typingUntil: frame.on === true ? now + TYPING_LASTS_MS : null } };
}

/** @param {State} state @param {Frame} frame @param {number} now @returns {Step} */
function onChatEnded(state, frame, now) {
  const isOurs = state.chat !== null && state.chat.id === frame.chat_id;
  if (!isOurs) return step(state);
  const ended = archive(state, String(frame.reason), now);
  // `waiting`, `matched` or `idle` comes next and corrects this when it is wrong.
  return step({ ...ended, phase: 'searching', waiting: null }, { do: 'notify', of: 'ended' }, { do: 'focus', on: 'search' });
}

/** Out of the queue: as asked, or because the user was too quick in moving on. @param {State} state @returns {Step} */
function onIdle(state) {
  if (state.leaving) {
    // A new search may have been asked for already; its `join` is behind the `leave`.
    return step({ ...state, leaving: false });
  }
  if (state.phase === 'landing') return step(state);
  return step(
    { ...state, phase: 'landing', wanted: null, waiting: null, notice: { kind: 'stopped_by_server' } },
    { do: 'focus', on: 'landing' },
  );
}

/** @param {State} state @param {Frame} frame @param {Action} action @returns {Step} */
function onReported(state, frame, action) {
  const entry = Object.entries(state.sent).find(([, sent]) => sent.type === 'report' && sent.chatId === frame.chat_id);
  const noted = withChat(state, frame.chat_id, (chat) => ({ ...addNote(chat, 'reported', action.now), reported: true }));
  if (entry === undefined) return step(noted);
  const { [entry[0]]: report, ...sent } = noted.sent;
  const next = { ...noted, sent };
  if (report?.then !== 'block' || next.chat?.id !== frame.chat_id) return step(next);
  return step(
    remember(next, action.id, { type: 'block', chatId: frame.chat_id }),
    { do: 'send', frame: command.block(action.id, frame.chat_id) },
  );
}
