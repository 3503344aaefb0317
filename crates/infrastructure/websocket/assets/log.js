/**
 * A conversation as a text file.
 *
 * Architecture invariants: `logText` and `logName` are pure; `download` is the only part that touches the page. The
 * file is made in the browser and sent nowhere.
 *
 * @module
 */

import { endingWords, failureWords, languageName, listOf, noteWords } from './words.js';

/** @typedef {import('./state.js').Chat} Chat */
/** @typedef {import('./state.js').Line} Line */

/** @param {Chat} chat @returns {string} */
export function logText(chat) {
  const head = ['Passerby – a conversation with a stranger', `Started ${new Date(chat.startedAt).toLocaleString()}`];
  if (chat.common.length > 0) head.push(`In common: ${listOf(chat.common)}`);
  if (chat.language !== null) head.push(`Language: ${languageName(chat.language)}`);
  const lines = chat.lines.map(lineText);
  const tail = chat.endedAt === null ? [] : ['', `${endingWords(chat.ending)} ${new Date(chat.endedAt).toLocaleString()}`];
  return [...head, '', ...lines, ...tail, ''].join('\n');
}

/** @param {Line} line @returns {string} */
function lineText(line) {
  const at = new Date(line.at).toLocaleTimeString();
  if (line.from === 'note') return `[${at}] – ${noteWords(line.text)}`;
  const who = line.from === 'me' ? 'You' : 'Stranger';
  const failed = line.tick === 'failed' ? ` (${failureWords(line.why)})` : '';
  return `[${at}] ${who}: ${line.text.replace(/\n/g, '\n    ')}${failed}`;
}

/** @param {Chat} chat @returns {string} */
export function logName(chat) {
  const at = new Date(chat.startedAt);
  const two = (/** @type {number} */ value) => String(value).padStart(2, '0');
  const day = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
  return `passerby-${day}-${two(at.getHours())}${two(at.getMinutes())}.txt`;
}

/** Hands the conversation to the browser as a file to save. @param {Chat} chat */
export function download(chat) {
  const address = URL.createObjectURL(new Blob([logText(chat)], { type: 'text/plain;charset=utf-8' }));
  const link = document.createElement('a');
  link.href = address;
  link.download = logName(chat);
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}
