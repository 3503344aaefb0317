/**
 * Every sentence that changes with the state, in one place.
 *
 * Architecture invariants: pure; no DOM. What is said here is true whatever the server's settings are.
 *
 * @module
 */

/** @typedef {import('./state.js').State} State */
/** @typedef {import('./state.js').Chat} Chat */
/** @typedef {import('./state.js').Line} Line */
/** @typedef {import('./state.js').Notice} Notice */

/** Why a chat is over, told to the one who reads it. */
const ENDINGS = new Map([
  ['you_skipped', 'You moved on.'],
  ['partner_skipped', 'The stranger moved on.'],
  ['you_left', 'You left.'],
  ['partner_left', 'The stranger left.'],
  ['partner_disconnected', 'The stranger’s connection was lost and did not come back.'],
  ['moderated', 'A moderator ended this chat.'],
  ['lost', 'This chat was lost to a fault of the server.'],
  ['expired', 'Your connection was lost, and this chat could not be resumed.'],
  ['opened_elsewhere', 'This chat goes on in another tab or window.'],
  ['connection_closed', 'The server closed the connection.'],
]);

/** @param {string | null} reason @returns {string} */
export function endingWords(reason) {
  return ENDINGS.get(reason ?? '') ?? 'This chat is over.';
}

const NOTES = new Map([
  ['gap', 'Some messages around here may be missing.'],
  ['back', 'You are connected again.'],
  ['reported', 'Your report was recorded. You two will not be paired again.'],
  ['report_failed', 'Your report could not be recorded. Please try again.'],
  ['block_failed', 'The block could not be set. Please try again.'],
]);

/** @param {string} kind @returns {string} */
export function noteWords(kind) {
  return NOTES.get(kind) ?? '';
}

const FAILURES = new Map([
  ['invalid_text', 'The server does not accept this text.'],
  ['text_too_long', 'This is too long.'],
  ['rate_limited', 'Too many messages at once.'],
  ['message_rejected', 'A content rule refused this message.'],
  ['partner_unreachable', 'Not delivered: the stranger cannot be reached.'],
  ['unconfirmed', 'Nobody can say whether this arrived.'],
  ['stale_chat', 'Not delivered: the chat was over.'],
  ['not_chatting', 'Not delivered: the chat was over.'],
  ['store_unavailable', 'Not delivered: the server has a fault.'],
  ['too_large', 'This is too long.'],
]);

/** @param {string | undefined} why @returns {string} */
export function failureWords(why) {
  return FAILURES.get(why ?? '') ?? 'Not delivered.';
}

const TICKS = new Map([
  ['queued', 'Waits for the connection'],
  ['sent', 'Sent'],
  ['kept', 'Kept for the stranger'],
  ['delivered', 'Delivered'],
]);

/** @param {Line} line @returns {string} */
export function tickWords(line) {
  return TICKS.get(line.tick ?? '') ?? '';
}

const NOTICES = new Map([
  ['chat_gone', 'That chat is over: it could not be resumed. Start again whenever you like.'],
  ['place_gone', 'Your connection was lost, and the search could not be resumed. Start again whenever you like.'],
  ['opened_elsewhere', 'You went on in another tab or window, so this one has stopped. Starting here makes you a second stranger.'],
  ['closed_idle', 'Nothing happened here for a long time, so the connection was closed.'],
  ['closed_policy', 'The server closed the connection because this page sent too much too fast.'],
  ['closed_broken', 'The server and this page did not understand each other, and the connection was closed. Reloading the page may help.'],
  ['removed', 'An operator ended your session.'],
  ['stopped_by_server', 'You have moved on from many chats in a short time. Take a breath, then start again.'],
  ['rate_limited', 'You have moved on from many chats in a short time. You can start again in a moment.'],
  ['invalid_interests', 'The server does not accept these interests. Each may have up to 32 characters, without special signs.'],
  ['invalid_language', 'The server does not know this language.'],
  ['store_unavailable', 'Pairing is out of order just now. Please try again in a minute.'],
  ['join_refused', 'The server could not start a search. Please try again.'],
]);

/** @param {Notice} notice @returns {string} */
export function noticeWords(notice) {
  if (notice.kind !== 'banned') return NOTICES.get(notice.kind) ?? 'Something went wrong. Please try again.';
  const until = typeof notice.until === 'number' ? ` until ${new Date(notice.until).toLocaleString()}` : '';
  const reference = notice.banId === undefined ? '' : ` The operator knows this ban as ${notice.banId}.`;
  return `You are banned from this service${until}.${reference}`;
}

/**
 * What the search says of itself: a headline and an explanation.
 *
 * @param {State} state
 * @param {number} now
 * @returns {{ title: string, lines: string[] }}
 */
export function searchWords(state, now) {
  const { link, waiting } = state;
  const trouble = linkTrouble(state);
  if (trouble !== null) return { title: trouble, lines: waiting === null ? [] : ['Your place in the queue is kept for a short while.'] };
  if (link.status === 'connecting' || waiting === null) return { title: 'One moment…', lines: [] };
  if (waiting.paused) {
    return { title: 'Pairing is paused', lines: ['The server has a fault. It goes on by itself, and your place is kept.'] };
  }
  return { title: 'Looking for someone…', lines: explainSearch(state, now) };
}

/** Whether the last partner was reported or blocked, which outlasts any cooldown. @param {State} state @returns {boolean} */
export function isApartForLong({ previous }) {
  return previous !== null && (previous.reported || previous.blocked);
}

/** After this long the search says that it widens. */
const EXPLAIN_AFTER_MS = 4_000;

/** @param {State} state @param {number} now @returns {string[]} */
function explainSearch(state, now) {
  const { waiting, wanted, stats } = state;
  if (waiting === null) return [];
  const lines = [];
  if (isApartForLong(state)) {
    lines.push('You and your last partner will not be paired again. Anybody else can meet you at once.');
  } else if (waiting.cooldownUntil !== null && waiting.cooldownUntil > now) {
    lines.push('You and your last partner have just parted and cannot meet again yet. Anybody else can meet you at once.');
  }
  const isPicky = wanted !== null && (wanted.interests.length > 0 || wanted.language !== null);
  if (isPicky && now - waiting.startedAt >= EXPLAIN_AFTER_MS) {
    lines.push('The longer you wait, the wider the search: first those who share what you picked, then anybody.');
  } else if (wanted !== null && wanted.interests.length > 0) {
    lines.push('First among those who share an interest with you.');
  }
  if (stats !== null && stats.online <= 1) lines.push('You are the only one here right now. Stay, or tell somebody about this page.');
  return lines;
}

/**
 * What is wrong with the connection, in words, or null when nothing is.
 *
 * @param {State} state
 * @returns {string | null}
 */
export function linkTrouble(state) {
  const { link } = state;
  const isBack = link.status === 'open' && state.replay === null;
  if (isBack) return link.drainUntil === null ? null : 'The server is about to restart. The page reconnects by itself.';
  if (link.status === 'open' || link.status === 'closed') return null;
  if (link.crowded) return 'The server is full. Trying again…';
  if (link.drainUntil !== null) return 'The server restarts. Reconnecting in a moment…';
  if (link.lostAt !== null && state.seat !== null) return 'Connection lost. Reconnecting…';
  return link.attempt > 0 ? 'The server cannot be reached. Trying again…' : null;
}

/**
 * The one line that says how the chat stands. It is announced, so it changes only when there is news.
 *
 * @param {State} state
 * @returns {{ text: string, tone: 'fine' | 'wait' | 'trouble' }}
 */
export function chatStatus(state) {
  const { chat } = state;
  const trouble = linkTrouble(state);
  if (chat === null) return { text: '', tone: 'fine' };
  if (trouble !== null) return { text: trouble, tone: 'trouble' };
  if (state.armedFor === chat.id) return { text: 'Press Esc again to skip this stranger.', tone: 'wait' };
  if (chat.skipAfter !== null) return { text: 'You are moving on very fast. You can skip again soon.', tone: 'wait' };
  if (chat.awayUntil !== null) return { text: 'The stranger lost their connection. You may go on writing.', tone: 'wait' };
  return { text: 'Connected', tone: 'fine' };
}

/** @param {State} state @returns {string} */
export function countWords(state) {
  const { stats } = state;
  if (stats === null) return '';
  if (stats.online === 0) return 'Nobody is here yet. Somebody has to be first.';
  const parts = [`${stats.online.toLocaleString()} online`];
  // The counts are some seconds old, and whoever reads them here is one of those who look.
  const own = state.phase === 'searching' && state.waiting !== null ? 1 : 0;
  if (stats.waiting !== null) parts.push(`${Math.max(stats.waiting, own).toLocaleString()} looking`);
  if (stats.chatting !== null) parts.push(`${stats.chatting.toLocaleString()} chatting`);
  return parts.join(' · ');
}

/** @param {string | null} tag @returns {string} */
export function languageName(tag) {
  if (tag === null) return '';
  try {
    return new Intl.DisplayNames(['en-GB'], { type: 'language' }).of(tag) ?? tag;
  } catch {
    return tag;
  }
}

/** @param {string[]} items @returns {string} */
export function listOf(items) {
  try {
    return new Intl.ListFormat('en-GB', { type: 'conjunction' }).format(items);
  } catch {
    return items.join(', ');
  }
}
