/**
 * What the page knows: the shape of its state, and where it begins.
 *
 * Architecture invariants: pure data, never mutated; the reducers are the only code that makes a new one.
 *
 * @module
 */

import { DEFAULT_LIMITS } from './protocol.js';

/** @typedef {import('./protocol.js').Criteria} Criteria */
/** @typedef {import('./protocol.js').Frame} Frame */

/**
 * @typedef {'queued' | 'sent' | 'kept' | 'delivered' | 'failed'} Tick
 * queued: waits for the connection. sent: on its way. kept: acknowledged while the partner was away.
 */

/**
 * @typedef {object} Line one message of the conversation
 * @property {string} key unique within the page; of an own message, its `id` on the wire
 * @property {'me' | 'stranger' | 'note'} from
 * @property {string} text of a note: its kind, a key of `words.js`
 * @property {number} at milliseconds, by this page's clock
 * @property {Tick} [tick]
 * @property {string} [why] the error code of a failed message
 */

/**
 * @typedef {object} Chat
 * @property {string} id
 * @property {string[]} common interests that both named
 * @property {string | null} language
 * @property {number} startedAt
 * @property {Line[]} lines
 * @property {number | null} typingUntil the partner is typing until then
 * @property {number | null} awayUntil the partner is away, and the chat is held until then
 * @property {boolean} skipping a skip was sent and not yet answered
 * @property {number | null} skipAfter the next skip is refused until then
 * @property {boolean} reported
 * @property {boolean} blocked
 * @property {number | null} endedAt
 * @property {string | null} ending the reason, once it is over
 */

/**
 * @typedef {object} Link
 * @property {'closed' | 'connecting' | 'open' | 'retrying'} status
 * @property {number} attempt tries since the link was last open
 * @property {number | null} retryAt
 * @property {number | null} lostAt when the link was lost, while it is
 * @property {number | null} drainUntil the server restarts and asked to be left alone until then
 * @property {boolean} crowded the server said that it is full
 */

/**
 * @typedef {object} State
 * @property {'landing' | 'searching' | 'chatting'} phase
 * @property {Link} link
 * @property {{ userId: string, token: string } | null} seat
 * @property {number} lastSeq
 * @property {{ to: number, welcome: Frame, chatId: string | null } | null} replay events up to `to` are being repeated; `chatId` was on before
 * @property {Criteria | null} wanted what the user asks of a partner, while they want one
 * @property {boolean} joinUnsent a `join` is due as soon as the link is open
 * @property {boolean} leaving a `leave` was sent: nothing counts until it is answered
 * @property {{ startedAt: number, cooldownUntil: number | null, paused: boolean } | null} waiting
 * @property {Chat | null} chat
 * @property {Chat | null} previous the last chat, kept to be read, saved and reported
 * @property {Notice | null} notice
 * @property {{ online: number, waiting: number | null, chatting: number | null } | null} stats
 * @property {{ message_chars: number, frame_bytes: number, interests: number }} limits
 * @property {number} clockOffset the server's clock minus this page's
 * @property {Record<string, Sent>} sent commands that were sent and may be answered by an error
 * @property {Frame | null} farewell the `error` that came just before a close
 * @property {string | null} armedFor the chat that the next Escape skips
 * @property {number | null} armedUntil
 */

/** @typedef {{ kind: string, until?: number | null, banId?: string }} Notice something to tell on the landing */
/** @typedef {{ type: string, chatId: string | null, then?: 'block' }} Sent */
/** @typedef {{ do: string } & Record<string, any>} Effect something that the world is asked to do */
/** @typedef {{ state: State, effects: Effect[] }} Step */

/** @type {Link} */
export const CLOSED_LINK = Object.freeze({
  status: 'closed', attempt: 0, retryAt: null, lostAt: null, drainUntil: null, crowded: false,
});

/** @returns {State} */
export function initialState() {
  return {
    phase: 'landing',
    link: CLOSED_LINK,
    seat: null,
    lastSeq: 0,
    replay: null,
    wanted: null,
    joinUnsent: false,
    leaving: false,
    waiting: null,
    chat: null,
    previous: null,
    notice: null,
    stats: null,
    limits: DEFAULT_LIMITS,
    clockOffset: 0,
    sent: {},
    farewell: null,
    armedFor: null,
    armedUntil: null,
  };
}

/**
 * @param {State} state
 * @param {...Effect} effects
 * @returns {Step}
 */
export function step(state, ...effects) {
  return { state, effects };
}

/**
 * A moment of the server's clock, by this page's clock.
 *
 * @param {State} state
 * @param {number | undefined | null} moment
 * @returns {number | null}
 */
export function localTime(state, moment) {
  return typeof moment === 'number' ? moment - state.clockOffset : null;
}

/**
 * Remembers a command, so that an error which names it can be understood.
 *
 * @param {State} state
 * @param {string} id
 * @param {Sent} sent
 * @returns {State}
 */
export function remember(state, id, sent) {
  const kept = Object.entries(state.sent).slice(-SENT_KEPT);
  return { ...state, sent: { ...Object.fromEntries(kept), [id]: sent } };
}

const SENT_KEPT = 31;
