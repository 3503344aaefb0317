/**
 * A seat's life told to the reducer, one line at a time.
 */

import { reduce } from '../../../crates/infrastructure/websocket/assets/reducer.js';
import { initialState } from '../../../crates/infrastructure/websocket/assets/state.js';

export const NOW = 1_800_000_000_000;

/** Runs actions through the reducer and remembers what it asked for. */
export class Story {
  state = initialState();
  now = NOW;
  effects = [];
  #ids = 0;

  /** Something happens; answers what the world is asked to do. */
  act(type, fields = {}) {
    const { state, effects } = reduce(this.state, { type, now: this.now, id: `id${++this.#ids}`, random: 0, ...fields });
    this.state = state;
    this.effects = effects;
    return effects;
  }

  /** The server says something. */
  hear(frame) {
    return this.act('frame', { frame });
  }

  /** The frames that the last action sent. */
  get sent() {
    return this.effects.filter((effect) => effect.do === 'send').map((effect) => effect.frame);
  }

  /** A fresh seat that has asked for a partner. */
  static searching(criteria = { interests: [], language: null }) {
    const story = new Story();
    story.act('start', { criteria });
    story.hear(welcome());
    story.hear({ type: 'waiting', seq: 1, since: NOW });
    return story;
  }

  /** A seat in a chat with nobody special. */
  static chatting() {
    const story = Story.searching();
    story.hear({ type: 'matched', seq: 2, chat_id: 'chat-one', common_interests: ['jazz'], mode: 'text', initiator: true });
    return story;
  }

  /** The texts of the lines of the current chat. */
  get texts() {
    return this.state.chat.lines.map((line) => line.text);
  }
}

/** A `welcome` of a fresh, idle seat, but for what is given. */
export function welcome(fields = {}) {
  return {
    type: 'welcome', user_id: 'me', node: 'n', state: 'idle', resume_token: 'token-one', resumed: false, gap: false,
    seq: 0, replay_to: 0, now: NOW, protocol: 1, online: 1,
    limits: { message_chars: 2000, frame_bytes: 32768, interests: 10 },
    ...fields,
  };
}
