/**
 * What the connection does: it opens, it is lost, it is tried again.
 *
 * Architecture invariants: pure. It reconnects only after the close codes that the protocol lists.
 *
 * @module
 */

import { unanswered } from './chat.js';
import { delayBefore } from './backoff.js';
import { CLOSE, reconnectsAfter } from './protocol.js';
import { archive } from './reduce-chat.js';
import { connect } from './reduce-user.js';
import { CLOSED_LINK, localTime, step } from './state.js';

/** @typedef {import('./state.js').State} State */
/** @typedef {import('./state.js').Chat} Chat */
/** @typedef {import('./state.js').Step} Step */
/** @typedef {import('./reducer.js').Action} Action */

/** An answer is due within three seconds; after this long the link itself is in doubt. */
const ANSWER_OVERDUE_MS = 5_000;

/**
 * @param {State} state
 * @param {Action} action with `code` and `random`
 * @returns {Step}
 */
export function onClosed(state, action) {
  const { code, now, random } = action;
  const quiet = { ...state, replay: null, leaving: false, sent: {}, farewell: null };
  if (!reconnectsAfter(code)) return stop(quiet, code, state.farewell, now);
  if (state.phase === 'landing') {
    // A `leave` that was not answered may not have arrived. Coming back to that seat could mean coming back to the chat.
    return step({ ...quiet, link: CLOSED_LINK, seat: state.leaving ? null : state.seat });
  }

  const drainedFor = code === CLOSE.restarting ? Math.max(0, (state.link.drainUntil ?? now) - now) : 0;
  const delay = drainedFor + delayBefore(state.link.attempt, random);
  return step(
    {
      ...quiet,
      link: {
        status: 'retrying',
        attempt: state.link.attempt + 1,
        retryAt: now + delay,
        lostAt: state.link.lostAt ?? now,
        drainUntil: code === CLOSE.restarting ? now + delay : null,
        crowded: code === CLOSE.overloaded,
      },
      chat: quiet.chat === null ? null : { ...quiet.chat, typingUntil: null, skipping: false },
      armedFor: null,
      armedUntil: null,
    },
    { do: 'connect_after', ms: delay },
  );
}

/** The server has closed for good. @param {State} state @param {number} code @param {import('./state.js').Frame | null} farewell @param {number} now @returns {Step} */
function stop(state, code, farewell, now) {
  const kind = NOTICE_OF_CLOSE.get(code) ?? 'closed_broken';
  const wasBusy = state.phase !== 'landing';
  const over = archive(state, ENDING_OF_CLOSE.get(code) ?? 'connection_closed', now);
  const notice = {
    kind,
    until: localTime(state, farewell?.until),
    banId: typeof farewell?.ban_id === 'string' ? farewell.ban_id : undefined,
  };
  /** @type {State} */
  const landed = {
    ...over, phase: 'landing', link: CLOSED_LINK, seat: null, lastSeq: 0, waiting: null, wanted: null, joinUnsent: false, notice,
  };
  return wasBusy ? step(landed, { do: 'focus', on: 'landing' }) : step(landed);
}

/** @type {ReadonlyMap<number, string>} */
const NOTICE_OF_CLOSE = new Map([
  [CLOSE.normal, 'closed_idle'],
  [CLOSE.policy, 'closed_policy'],
  [CLOSE.replaced, 'opened_elsewhere'],
  [CLOSE.banned, 'banned'],
  [CLOSE.removed, 'removed'],
]);

/** @type {ReadonlyMap<number, string>} */
const ENDING_OF_CLOSE = new Map([
  [CLOSE.replaced, 'opened_elsewhere'],
  [CLOSE.banned, 'moderated'],
  [CLOSE.removed, 'moderated'],
]);

/**
 * The wait for the next try is over, or was cut short by the user or by the network coming back.
 *
 * @param {State} state
 * @returns {Step}
 */
export function onRetry(state) {
  if (state.link.status !== 'retrying') return step(state);
  return step({ ...state, link: { ...state.link, status: 'connecting', retryAt: null } }, connect(state));
}

/**
 * Time has passed: what lasts only a while may be over.
 *
 * @param {State} state
 * @param {number} now
 * @returns {Step}
 */
export function onTick(state, now) {
  const isArmed = state.armedUntil === null || now < state.armedUntil;
  const aimed = isArmed ? state : { ...state, armedFor: null, armedUntil: null };
  if (aimed.chat === null) return step(aimed);
  const chat = withoutPast(aimed.chat, now);
  const next = chat === aimed.chat ? aimed : { ...aimed, chat };
  const oldest = next.link.status === 'open' ? unanswered(chat)[0] : undefined;
  return oldest !== undefined && now - oldest.at > ANSWER_OVERDUE_MS ? step(next, { do: 'probe' }) : step(next);
}

/** @param {Chat} chat @param {number} now @returns {Chat} */
function withoutPast(chat, now) {
  const typingIsOver = chat.typingUntil !== null && now >= chat.typingUntil;
  const skipIsFree = chat.skipAfter !== null && now >= chat.skipAfter;
  if (!typingIsOver && !skipIsFree) return chat;
  return { ...chat, typingUntil: typingIsOver ? null : chat.typingUntil, skipAfter: skipIsFree ? null : chat.skipAfter };
}
