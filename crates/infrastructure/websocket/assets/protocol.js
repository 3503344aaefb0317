/**
 * The wire protocol's words: addresses, close codes, and one builder for each command.
 *
 * Architecture invariants: pure; knows no state of the page, no DOM and no socket.
 *
 * @module
 */

/** @typedef {{ interests: string[], language: string | null }} Criteria what the user asks of a partner */
/** @typedef {Record<string, any> & { type: string }} Frame one JSON object on the wire */

/** The subprotocol that this client speaks. */
export const SUBPROTOCOL = 'passerby.v1';

const RESUME_PREFIX = 'passerby.resume.';

/** What holds until the server's `welcome` says otherwise. */
export const DEFAULT_LIMITS = Object.freeze({ message_chars: 2000, frame_bytes: 32768, interests: 10 });

/** Characters that the free text of a report may have. */
export const REPORT_DETAIL_CHARS = 500;

/** Characters that one interest may have after normalising. */
export const INTEREST_CHARS = 32;

/** A report or block may name a chat for this long after its end, in milliseconds. */
export const AFTERWARDS_MS = 60_000;

/** Close codes, by the name the protocol gives their meaning. */
export const CLOSE = Object.freeze({
  normal: 1000,
  away: 1001,
  lost: 1006,
  policy: 1008,
  internal: 1011,
  restarting: 1012,
  overloaded: 1013,
  replaced: 4001,
  banned: 4003,
  removed: 4005,
  silent: 4008,
  slow: 4010,
});

/** @type {ReadonlySet<number>} */
const RECONNECT_AFTER = new Set([
  CLOSE.away, CLOSE.lost, CLOSE.internal, CLOSE.restarting, CLOSE.overloaded, CLOSE.silent, CLOSE.slow,
]);

/**
 * Whether the protocol asks a client to come back after this close code.
 *
 * @param {number} code
 * @returns {boolean}
 */
export function reconnectsAfter(code) {
  return RECONNECT_AFTER.has(code);
}

/**
 * The address of the socket. The client always enters idle and queues by a `join` command: a refused command is
 * answered in words, a refused upgrade is not readable in a browser, and interests stay out of addresses.
 *
 * @param {{ protocol: string, host: string }} location
 * @param {number | null} lastSeq the highest number processed, when a seat is to be resumed
 * @returns {string}
 */
export function socketAddress(location, lastSeq) {
  const scheme = location.protocol === 'https:' ? 'wss:' : 'ws:';
  const resumed = lastSeq === null ? '' : `&last_seq=${lastSeq}`;
  return `${scheme}//${location.host}/ws?join=manual${resumed}`;
}

/**
 * The subprotocols to offer. The resume token travels here and never in an address.
 *
 * @param {string | null} token
 * @returns {string[]}
 */
export function subprotocols(token) {
  return token === null ? [SUBPROTOCOL] : [SUBPROTOCOL, RESUME_PREFIX + token];
}

/**
 * Reads a frame, or answers null for what is not an object with a string `type`.
 *
 * @param {unknown} data
 * @returns {Frame | null}
 */
export function decode(data) {
  if (typeof data !== 'string') return null;
  try {
    const frame = JSON.parse(data);
    return frame !== null && typeof frame === 'object' && typeof frame.type === 'string' ? frame : null;
  } catch {
    return null;
  }
}

/** One builder for each command that this client sends. */
export const command = Object.freeze({
  /** @param {string} id @param {Criteria} criteria @returns {Frame} */
  join(id, criteria) {
    /** @type {Frame} */
    const frame = { type: 'join', id, interests: criteria.interests, mode: 'text' };
    if (criteria.language !== null) frame.language = criteria.language;
    return frame;
  },
  /** @param {string} chatId @param {string} id @param {string} text @returns {Frame} */
  message: (chatId, id, text) => ({ type: 'message', chat_id: chatId, id, text }),
  /** @param {string} chatId @param {boolean} on @returns {Frame} */
  typing: (chatId, on) => ({ type: 'typing', chat_id: chatId, on }),
  /** @param {string} id @param {string} chatId @returns {Frame} */
  skip: (id, chatId) => ({ type: 'skip', id, chat_id: chatId }),
  /** Without a chat it always takes effect, whatever it races with. @param {string} id @returns {Frame} */
  leave: (id) => ({ type: 'leave', id }),
  /** @param {string} id @param {string} chatId @param {string} reason @param {string} detail @returns {Frame} */
  report(id, chatId, reason, detail) {
    /** @type {Frame} */
    const frame = { type: 'report', id, chat_id: chatId, reason };
    if (detail !== '') frame.detail = detail;
    return frame;
  },
  /** @param {string} id @param {string} chatId @returns {Frame} */
  block: (id, chatId) => ({ type: 'block', id, chat_id: chatId }),
  /** @returns {Frame} */
  ping: () => ({ type: 'ping' }),
});
