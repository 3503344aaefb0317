/**
 * The socket: opens it, reads frames from it, and notices when it has gone silent.
 *
 * Architecture invariants: knows no state of the page and decides nothing; it reports, the reducer decides. One
 * socket at a time: whatever an older one still says is not heard.
 *
 * @module
 */

import { CLOSE, command, decode, socketAddress, subprotocols } from './protocol.js';

/** Nothing heard for this long: ask for a sign of life. */
const QUIET_MS = 20_000;
/** No answer for this long: the link is dead, whatever the operating system believes. */
const ANSWER_WITHIN_MS = 6_000;
/** An opening that takes longer is given up. */
const OPEN_WITHIN_MS = 10_000;
/** The code that this client closes with when it gives up on a socket; the seat is held as after any loss. */
const GIVEN_UP = 4_900;

/** A WebSocket with a watch over it. */
export class Connection {
  #heard;
  #closed;
  /** @type {WebSocket | null} */
  #socket = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #deadline;
  /** @type {ReturnType<typeof setInterval> | undefined} */
  #watch;
  #heardAt = 0;
  #isProbing = false;

  /**
   * @param {(frame: import('./protocol.js').Frame) => void} heard
   * @param {(code: number) => void} closed called once for each `open`, unless `close` came before
   */
  constructor(heard, closed) {
    this.#heard = heard;
    this.#closed = closed;
  }

  /**
   * @param {string | null} token of the seat to take back
   * @param {number | null} lastSeq
   */
  open(token, lastSeq) {
    this.#forget(GIVEN_UP);
    /** @type {WebSocket} */
    let socket;
    try {
      socket = new WebSocket(socketAddress(window.location, lastSeq), subprotocols(token));
    } catch {
      // The stored token cannot be offered as a subprotocol: it is none of ours.
      socket = new WebSocket(socketAddress(window.location, null), subprotocols(null));
    }
    this.#socket = socket;
    this.#expectWithin(OPEN_WITHIN_MS);
    socket.addEventListener('message', (event) => {
      if (socket === this.#socket) this.#onMessage(event.data);
    });
    socket.addEventListener('close', (event) => {
      if (socket === this.#socket) this.#end(event.code);
    });
  }

  /** @param {import('./protocol.js').Frame} frame */
  send(frame) {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(frame));
  }

  /** Asks for a sign of life, unless one is awaited already. */
  probe() {
    if (this.#isProbing || this.#socket?.readyState !== WebSocket.OPEN) return;
    this.#isProbing = true;
    this.send(command.ping());
    this.#expectWithin(ANSWER_WITHIN_MS);
  }

  /** Asks for a sign of life if the last one is not quite fresh. */
  probeIfQuiet() {
    if (Date.now() - this.#heardAt > QUIET_MS / 4) this.probe();
  }

  /** Closes for good: the user has left. */
  close() {
    this.#forget(CLOSE.normal);
  }

  /** @param {unknown} data */
  #onMessage(data) {
    this.#heardAt = Date.now();
    this.#isProbing = false;
    clearTimeout(this.#deadline);
    this.#watch ??= setInterval(() => {
      if (Date.now() - this.#heardAt > QUIET_MS) this.probe();
    }, QUIET_MS / 4);
    const frame = decode(data);
    if (frame !== null) this.#heard(frame);
  }

  /** @param {number} ms */
  #expectWithin(ms) {
    clearTimeout(this.#deadline);
    const socket = this.#socket;
    this.#deadline = setTimeout(() => {
      if (socket !== this.#socket) return;
      this.#forget(GIVEN_UP);
      this.#closed(CLOSE.lost);
    }, ms);
  }

  /** @param {number} code */
  #end(code) {
    this.#forget(null);
    this.#closed(code);
  }

  /** @param {number | null} code to close with */
  #forget(code) {
    clearTimeout(this.#deadline);
    clearInterval(this.#watch);
    this.#watch = undefined;
    this.#isProbing = false;
    const socket = this.#socket;
    this.#socket = null;
    if (socket !== null && code !== null) socket.close(code);
  }
}
