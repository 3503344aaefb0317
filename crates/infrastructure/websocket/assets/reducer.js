/**
 * What happens next: given the state and what happened, the next state and what the world is asked to do.
 *
 * Architecture invariants: pure and total. Time, chance and ids come with the action, so that every test is exact.
 *
 * @module
 */

import { onClosed, onRetry, onTick } from './reduce-link.js';
import { onFrame } from './reduce-frame.js';
import { onUser } from './reduce-user.js';
import { onRestored } from './reduce-restored.js';
import { step } from './state.js';

/** @typedef {import('./state.js').State} State */
/** @typedef {import('./state.js').Step} Step */

/**
 * @typedef {{ type: string, now: number } & Record<string, any>} Action
 * `now` is this page's clock in milliseconds.
 */

/**
 * @param {State} state
 * @param {Action} action
 * @returns {Step}
 */
export function reduce(state, action) {
  switch (action.type) {
    case 'closed': return onClosed(state, action);
    case 'retry': return onRetry(state);
    case 'tick': return onTick(state, action.now);
    case 'frame': return onFrame(state, action);
    case 'restored': return onRestored(state, action);
    case 'counted': return step(state.link.status === 'open' ? state : { ...state, stats: action.stats });
    default: return onUser(state, action);
  }
}
