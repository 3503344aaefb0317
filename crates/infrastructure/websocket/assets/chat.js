/**
 * One conversation: its lines, and the ticks of what was sent.
 *
 * Architecture invariants: pure; bounded: the oldest lines go when there are too many.
 *
 * @module
 */

/** @typedef {import('./state.js').Chat} Chat */
/** @typedef {import('./state.js').Line} Line */

/** Lines that a conversation keeps. */
export const LINES_KEPT = 1_000;

/** Own messages that may wait for an answer at once. */
export const UNANSWERED_KEPT = 20;

/**
 * @param {Record<string, any>} matched the fields of `matched`
 * @param {string} id
 * @param {number} now
 * @returns {Chat}
 */
export function openChat(matched, id, now) {
  return {
    id,
    common: Array.isArray(matched.common_interests) ? matched.common_interests.map(String) : [],
    language: typeof matched.language === 'string' ? matched.language : null,
    startedAt: now,
    lines: [],
    typingUntil: null,
    awayUntil: null,
    skipping: false,
    skipAfter: null,
    reported: false,
    blocked: false,
    endedAt: null,
    ending: null,
  };
}

/**
 * @param {Chat} chat
 * @param {Line} line
 * @returns {Chat}
 */
export function addLine(chat, line) {
  return { ...chat, lines: [...chat.lines, line].slice(-LINES_KEPT) };
}

/**
 * A note between the messages. Two equal notes in a row are one.
 *
 * @param {Chat} chat
 * @param {string} kind
 * @param {number} now
 * @returns {Chat}
 */
export function addNote(chat, kind, now) {
  const last = chat.lines.at(-1);
  if (last?.from === 'note' && last.text === kind) return chat;
  return addLine(chat, { key: `note-${now}-${chat.lines.length}-${kind}`, from: 'note', text: kind, at: now });
}

/**
 * Changes the own message with this id, if there is one.
 *
 * @param {Chat} chat
 * @param {string} id
 * @param {Partial<Line>} change
 * @returns {Chat}
 */
export function markLine(chat, id, change) {
  if (!chat.lines.some((line) => line.from === 'me' && line.key === id)) return chat;
  const lines = chat.lines.map((line) => (line.from === 'me' && line.key === id ? { ...line, ...change } : line));
  return { ...chat, lines };
}

/**
 * Own messages that no `ack` or `error` has answered, in the order written.
 *
 * @param {Chat} chat
 * @returns {Line[]}
 */
export function unanswered(chat) {
  return chat.lines.filter((line) => line.tick === 'queued' || line.tick === 'sent');
}

/**
 * The partner is there again, so what was kept for them has reached them.
 *
 * @param {Chat} chat
 * @returns {Chat}
 */
export function deliverKept(chat) {
  if (!chat.lines.some((line) => line.tick === 'kept')) return chat;
  return { ...chat, lines: chat.lines.map((line) => (line.tick === 'kept' ? { ...line, tick: 'delivered' } : line)) };
}

/**
 * Closes the conversation. What never left the page has failed; what did may still be acknowledged.
 *
 * @param {Chat} chat
 * @param {string} ending
 * @param {number} now
 * @returns {Chat}
 */
export function endChat(chat, ending, now) {
  /** @type {Line[]} */
  const lines = chat.lines.map((line) => (line.tick === 'queued' ? { ...line, tick: 'failed', why: 'stale_chat' } : line));
  return { ...chat, lines, ending, endedAt: now, typingUntil: null, awayUntil: null, skipping: false };
}
