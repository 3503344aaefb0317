/**
 * Holds the state, runs the reducer, and does what the reducer asks for.
 *
 * Architecture invariants: the state changes here and nowhere else. Views are drawn once for many changes of one turn.
 *
 * @module
 */

import { Connection } from './connection.js';
import { loadCriteria, saveCriteria, saveSeat } from './storage.js';
import { reduce } from './reducer.js';
import { toSave } from './reduce-restored.js';
import { initialState } from './state.js';

/** @typedef {import('./state.js').Effect} Effect */

const TICK_MS = 500;
const SAVE_WITHIN_MS = 200;

/** The running page. */
export class App {
  #state = initialState();
  #connection;
  #sound;
  #badge;
  /** @type {import('./view.js').View | null} */
  #view = null;
  #isDrawDue = false;
  /** @type {string | null} */
  #focus = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #retry;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #save;

  /**
   * @param {import('./sound.js').Sound} sound
   * @param {import('./badge.js').Badge} badge
   */
  constructor(sound, badge) {
    this.#sound = sound;
    this.#badge = badge;
    this.#connection = new Connection(
      (frame) => this.dispatch('frame', { frame }),
      (code) => this.dispatch('closed', { code }),
    );
    window.addEventListener('pagehide', () => this.#saveNow());
    document.addEventListener('visibilitychange', () => this.#looked());
    window.addEventListener('focus', () => this.#looked());
    setInterval(() => this.#tick(), TICK_MS);
  }

  get state() {
    return this.#state;
  }

  /** The criteria that this tab used last. */
  get lastCriteria() {
    return loadCriteria() ?? { interests: [], language: null };
  }

  /** @param {import('./view.js').View} view */
  showOn(view) {
    this.#view = view;
  }

  /**
   * Something happened.
   *
   * @param {string} type
   * @param {Record<string, any>} [fields]
   */
  dispatch(type, fields = {}) {
    const before = this.#state;
    const { state, effects } = reduce(before, { type, now: Date.now(), id: newId(), random: Math.random(), ...fields });
    this.#state = state;
    for (const effect of effects) this.#perform(effect);
    if (state === before) return;
    if (type === 'start') saveCriteria(fields['criteria']);
    this.#saveSoon(before);
    this.#drawSoon();
  }

  /** The network may have changed: find out soon whether the link still lives. */
  doubtLink() {
    if (this.#state.link.status === 'retrying') this.retryNow();
    else this.#connection.probeIfQuiet();
  }

  /** Does not wait for the next try. */
  retryNow() {
    clearTimeout(this.#retry);
    this.dispatch('retry');
  }

  /** @param {Effect} effect */
  #perform(effect) {
    switch (effect.do) {
      case 'send': return this.#connection.send(effect['frame']);
      case 'connect': return this.#connection.open(effect['token'], effect['lastSeq']);
      case 'connect_after': {
        clearTimeout(this.#retry);
        this.#retry = setTimeout(() => this.dispatch('retry'), effect['ms']);
        return undefined;
      }
      case 'disconnect': {
        clearTimeout(this.#retry);
        return this.#connection.close();
      }
      case 'probe': return this.#connection.probe();
      case 'notify': return this.#notify(effect['of']);
      case 'focus': {
        this.#focus = effect['on'];
        return this.#drawSoon();
      }
      default: return undefined;
    }
  }

  /** @param {string} of */
  #notify(of) {
    if (of === 'ended') return;
    const isSeen = isLookedAt();
    this.#badge.arrived(isSeen);
    if (of === 'matched') this.#sound.play('matched');
    else if (!isSeen) this.#sound.play('message');
  }

  #looked() {
    if (!isLookedAt()) return;
    this.#badge.clear();
    this.doubtLink();
  }

  #tick() {
    if (this.#state.phase !== 'landing') this.dispatch('tick');
    this.#view?.showClocks(Date.now());
  }

  #drawSoon() {
    if (this.#isDrawDue) return;
    this.#isDrawDue = true;
    queueMicrotask(() => {
      this.#isDrawDue = false;
      this.#view?.show(this.#state, Date.now());
      if (this.#focus !== null) this.#view?.focus(this.#focus);
      this.#focus = null;
    });
  }

  /** A new token makes the old one worthless, so it is kept at once; the rest may wait a little. @param {import('./state.js').State} before */
  #saveSoon(before) {
    if (this.#state.seat !== before.seat || this.#state.phase !== before.phase) {
      this.#saveNow();
      return;
    }
    this.#save ??= setTimeout(() => this.#saveNow(), SAVE_WITHIN_MS);
  }

  #saveNow() {
    clearTimeout(this.#save);
    this.#save = undefined;
    saveSeat(toSave(this.#state, Date.now()));
  }
}

/** @returns {boolean} */
function isLookedAt() {
  return document.visibilityState === 'visible' && document.hasFocus();
}

/** An id for a command: unique in this tab, and free of meaning. @returns {string} */
function newId() {
  const bytes = crypto.getRandomValues(new Uint8Array(9));
  return btoa(String.fromCharCode(...bytes)).replace(/\+/g, '-').replace(/\//g, '_');
}
