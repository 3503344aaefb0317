import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { toSave } from '../../../crates/infrastructure/websocket/assets/reduce-restored.js';
import { NOW, Story, welcome } from './story.js';

function lost(story) {
  story.act('closed', { code: 1006 });
  story.act('retry');
  return story;
}

const CHAT = { common_interests: [], mode: 'text', initiator: false };

describe('a resume', () => {
  it('replays before it believes the state, and only then resends what was never answered', () => {
    const story = Story.chatting();
    story.act('say', { text: 'one', id: 'm1' });
    story.hear({ type: 'ack', chat_id: 'chat-one', id: 'm1' });
    story.act('say', { text: 'two', id: 'm2' });
    lost(story);
    story.act('say', { text: 'three', id: 'm3' });
    assert.deepEqual(story.sent, []);

    story.hear(welcome({ resumed: true, state: 'chatting', chat_id: 'chat-one', chat: CHAT, seq: 2, replay_to: 3, resume_token: 'token-two' }));
    assert.deepEqual(story.sent, []);
    story.hear({ type: 'message', seq: 3, chat_id: 'chat-one', text: 'answer', at: NOW });
    assert.deepEqual(story.sent.map((frame) => [frame.id, frame.text]), [['m2', 'two'], ['m3', 'three']]);
    assert.deepEqual(story.texts, ['one', 'two', 'three', 'answer', 'back']);
    assert.equal(story.state.seat.token, 'token-two');
    assert.equal(story.state.lastSeq, 3);
  });

  it('resends at once when nothing is replayed', () => {
    const story = Story.chatting();
    story.act('say', { text: 'one', id: 'm1' });
    lost(story).hear(welcome({ resumed: true, state: 'chatting', chat_id: 'chat-one', chat: CHAT, seq: 2, replay_to: 2 }));
    assert.deepEqual(story.sent.map((frame) => frame.id), ['m1']);
  });

  it('never resends into another chat', () => {
    const story = Story.chatting();
    story.act('say', { text: 'for the first only', id: 'm1' });
    lost(story).hear(welcome({ resumed: true, gap: true, state: 'chatting', chat_id: 'chat-two', chat: CHAT, seq: 7, replay_to: 7 }));
    assert.deepEqual(story.sent, []);
    assert.equal(story.state.chat.id, 'chat-two');
    assert.deepEqual(story.texts, []);
    assert.equal(story.state.previous.id, 'chat-one');
  });

  it('says that something may be missing after a gap, and goes on from the server’s number', () => {
    const story = Story.chatting();
    lost(story).hear(welcome({ resumed: true, gap: true, state: 'chatting', chat_id: 'chat-one', chat: CHAT, seq: 9, replay_to: 10 }));
    story.hear({ type: 'message', seq: 10, chat_id: 'chat-one', text: 'later', at: NOW });
    assert.deepEqual(story.texts, ['gap', 'later', 'back']);
    assert.equal(story.state.lastSeq, 10);
  });

  it('opens the chat of `welcome` when its `matched` is in the gap', () => {
    const story = Story.searching();
    lost(story).hear(welcome({ resumed: true, gap: true, state: 'chatting', chat_id: 'chat-two', chat: { ...CHAT, common_interests: ['tea'] }, seq: 8, replay_to: 9 }));
    story.hear({ type: 'message', seq: 9, chat_id: 'chat-two', text: 'hello?', at: NOW });
    assert.equal(story.state.phase, 'chatting');
    assert.deepEqual(story.state.chat.common, ['tea']);
    assert.deepEqual(story.texts, ['hello?']);
  });

  it('follows the replay through the end of one chat into the next', () => {
    const story = Story.chatting();
    lost(story).hear(welcome({ resumed: true, state: 'chatting', chat_id: 'chat-two', chat: CHAT, seq: 2, replay_to: 6 }));
    story.hear({ type: 'message', seq: 3, chat_id: 'chat-one', text: 'bye', at: NOW });
    story.hear({ type: 'chat_ended', seq: 4, chat_id: 'chat-one', reason: 'partner_left' });
    story.hear({ type: 'waiting', seq: 5, since: NOW });
    story.hear({ type: 'matched', seq: 6, chat_id: 'chat-two', ...CHAT });
    assert.equal(story.state.chat.id, 'chat-two');
    assert.equal(story.state.replay, null);
    assert.deepEqual(story.state.previous.lines.map((line) => line.text), ['bye']);
  });

  it('finds a partner who is away', () => {
    const story = Story.chatting();
    lost(story).hear(welcome({
      resumed: true, state: 'chatting', chat_id: 'chat-one', chat: CHAT, seq: 2, replay_to: 2, partner_away_until: NOW + 8_000, now: NOW + 1_000,
    }));
    assert.equal(story.state.chat.awayUntil, NOW + 7_000);
  });

  it('keeps a place in the queue', () => {
    const story = Story.searching();
    lost(story).hear(welcome({ resumed: true, state: 'waiting', since: NOW, cooldown_until: NOW + 3_000, seq: 1, replay_to: 1 }));
    assert.equal(story.state.phase, 'searching');
    assert.equal(story.state.waiting.cooldownUntil, NOW + 3_000);
    assert.deepEqual(story.sent, []);
  });

  it('joins with what the user asks for now, when an idle seat was kept', () => {
    const story = Story.searching();
    story.act('leave');
    story.hear({ type: 'idle', seq: 2 });
    story.act('closed', { code: 1006 });
    assert.deepEqual(story.act('start', { criteria: { interests: ['tea'], language: null } })[0], { do: 'connect', token: 'token-one', lastSeq: 2 });
    story.hear(welcome({ resumed: true, state: 'idle', seq: 2, replay_to: 2 }));
    assert.deepEqual(story.sent.map((frame) => [frame.type, frame.interests]), [['join', ['tea']]]);
  });
});

describe('a seat that is gone', () => {
  it('ends the chat honestly and waits for the user', () => {
    const story = Story.chatting();
    story.act('say', { text: 'too late', id: 'm1' });
    lost(story).hear(welcome({ resume_token: 'token-two' }));
    assert.equal(story.state.phase, 'landing');
    assert.equal(story.state.notice.kind, 'chat_gone');
    assert.equal(story.state.previous.ending, 'expired');
    assert.deepEqual(story.sent, []);
    assert.equal(story.state.lastSeq, 0);
  });

  it('searches on after a short absence', () => {
    const story = Story.searching();
    lost(story);
    story.now += 30_000;
    story.hear(welcome());
    assert.deepEqual(story.sent.map((frame) => frame.type), ['join']);
  });

  it('does not pair somebody who may not be there any more', () => {
    const story = Story.searching();
    lost(story);
    story.now += 3_600_000;
    story.hear(welcome());
    assert.deepEqual(story.sent, []);
    assert.equal(story.state.notice.kind, 'place_gone');
  });
});

describe('a reload', () => {
  function reloaded(story) {
    const saved = JSON.parse(JSON.stringify(toSave(story.state, story.now)));
    const after = new Story();
    const effects = after.act('restored', { saved });
    return { after, effects };
  }

  it('comes back to the chat with its lines, its unanswered messages and its place in the events', () => {
    const story = Story.chatting();
    story.hear({ type: 'message', seq: 3, chat_id: 'chat-one', text: 'hi', at: NOW });
    story.act('say', { text: 'half way', id: 'm1' });
    const { after, effects } = reloaded(story);
    assert.deepEqual(effects, [{ do: 'connect', token: 'token-one', lastSeq: 3 }]);
    assert.deepEqual(after.texts, ['hi', 'half way']);
    after.hear(welcome({ resumed: true, state: 'chatting', chat_id: 'chat-one', chat: CHAT, seq: 3, replay_to: 3 }));
    assert.deepEqual(after.sent.map((frame) => frame.id), ['m1']);
  });

  it('can still report the stranger who has just gone, without keeping what was said', () => {
    const story = Story.chatting();
    story.hear({ type: 'message', seq: 3, chat_id: 'chat-one', text: 'an insult', at: NOW });
    story.hear({ type: 'chat_ended', seq: 4, chat_id: 'chat-one', reason: 'partner_skipped' });
    story.hear({ type: 'waiting', seq: 5, since: NOW });
    const { after } = reloaded(story);
    const { id, ending, endedAt, lines } = after.state.previous;
    assert.deepEqual({ id, ending, endedAt, lines }, { id: 'chat-one', ending: 'partner_skipped', endedAt: story.now, lines: [] });
  });

  it('keeps neither the words of the previous chat nor a seat that is being left', () => {
    const story = Story.chatting();
    story.hear({ type: 'message', seq: 3, chat_id: 'chat-one', text: 'secret', at: NOW });
    story.act('leave');
    assert.equal(toSave(story.state, NOW), null);
    story.hear({ type: 'idle', seq: 4 });
    assert.equal(JSON.stringify(toSave(story.state, NOW)).includes('secret'), false);
  });

  it('does not connect from the landing', () => {
    const story = Story.searching();
    story.act('leave');
    story.hear({ type: 'idle', seq: 2 });
    const { after, effects } = reloaded(story);
    assert.deepEqual(effects, []);
    assert.equal(after.state.phase, 'landing');
  });

  for (const saved of [null, 7, 'x', {}, { token: '' }, { token: 't', lastSeq: -1, phase: 'chatting' }, { token: 't', lastSeq: 1, phase: 'dancing' }]) {
    it(`starts afresh from ${JSON.stringify(saved)}`, () => {
      const story = new Story();
      assert.deepEqual(story.act('restored', { saved }), []);
      assert.equal(story.state.phase, 'landing');
    });
  }
});
