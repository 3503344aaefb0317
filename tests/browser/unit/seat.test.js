import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { NOW, Story, welcome } from './story.js';

describe('starting', () => {
  it('opens a socket and asks for a partner by a command, once the server has welcomed', () => {
    const story = new Story();
    const effects = story.act('start', { criteria: { interests: ['jazz'], language: 'en' } });
    assert.deepEqual(effects[0], { do: 'connect', token: null, lastSeq: null });
    assert.equal(story.state.phase, 'searching');

    story.hear(welcome());
    assert.equal(story.sent.length, 1);
    assert.deepEqual({ ...story.sent[0], id: '' }, { type: 'join', id: '', interests: ['jazz'], language: 'en', mode: 'text' });
  });

  it('uses the open socket when there is one', () => {
    const story = Story.chatting();
    story.act('leave');
    story.hear({ type: 'chat_ended', seq: 3, chat_id: 'chat-one', reason: 'you_left' });
    story.hear({ type: 'idle', seq: 4 });
    story.act('start', { criteria: { interests: [], language: null } });
    assert.deepEqual(story.sent.map((frame) => frame.type), ['join']);
    assert.deepEqual(story.effects.filter((effect) => effect.do === 'connect'), []);
  });

  it('does nothing while a search is on', () => {
    const story = Story.searching();
    assert.deepEqual(story.act('start', { criteria: { interests: [], language: null } }), []);
  });

  it('returns to the landing with words when the server refuses the interests', () => {
    const story = new Story();
    story.act('start', { criteria: { interests: ['x'], language: null } });
    story.hear(welcome());
    story.hear({ type: 'error', code: 'invalid_interests', message: '', ref: story.sent[0].id });
    assert.equal(story.state.phase, 'landing');
    assert.equal(story.state.notice.kind, 'invalid_interests');
  });

  it('tells for how long a frequent skipper has to wait', () => {
    const story = new Story();
    story.act('start', { criteria: { interests: [], language: null } });
    story.hear(welcome());
    story.hear({ type: 'error', code: 'rate_limited', message: '', ref: story.sent[0].id, retry_after_ms: 9_000 });
    assert.deepEqual(story.state.notice, { kind: 'rate_limited', until: NOW + 9_000 });
  });

  it('takes a join that crossed a pairing for what it is', () => {
    const story = Story.chatting();
    const [join] = Object.entries(story.state.sent).find(([, sent]) => sent.type === 'join');
    story.hear({ type: 'error', code: 'already_chatting', message: '', ref: join });
    assert.equal(story.state.phase, 'chatting');
  });
});

describe('waiting', () => {
  it('knows the cooldown and the pause by this page’s clock', () => {
    const story = new Story();
    story.act('start', { criteria: { interests: [], language: null } });
    story.hear(welcome({ now: NOW + 5_000 }));
    story.hear({ type: 'waiting', seq: 1, since: NOW, cooldown_until: NOW + 35_000, paused: true });
    assert.equal(story.state.waiting.cooldownUntil, NOW + 30_000);
    assert.equal(story.state.waiting.paused, true);
    story.hear({ type: 'waiting', seq: 2, since: NOW });
    assert.equal(story.state.waiting.paused, false);
  });
});

describe('leaving', () => {
  it('wins over a pairing that crossed it', () => {
    const story = Story.searching();
    story.act('leave');
    assert.deepEqual(story.sent.map((frame) => frame.type), ['leave']);
    assert.equal('chat_id' in story.sent[0], false);
    story.hear({ type: 'matched', seq: 2, chat_id: 'crossed', common_interests: [], mode: 'text', initiator: true });
    assert.equal(story.state.phase, 'landing');
    assert.equal(story.state.chat, null);
    story.hear({ type: 'chat_ended', seq: 3, chat_id: 'crossed', reason: 'you_left' });
    story.hear({ type: 'idle', seq: 4 });
    assert.equal(story.state.leaving, false);
    assert.equal(story.state.lastSeq, 4);
  });

  it('may be followed by a new search before it is answered', () => {
    const story = Story.chatting();
    story.act('leave');
    story.act('start', { criteria: { interests: [], language: null } });
    story.hear({ type: 'chat_ended', seq: 3, chat_id: 'chat-one', reason: 'you_left' });
    story.hear({ type: 'idle', seq: 4 });
    story.hear({ type: 'waiting', seq: 5, since: NOW });
    assert.equal(story.state.phase, 'searching');
    assert.notEqual(story.state.waiting, null);
  });

  it('forgets a seat that may not have heard of it', () => {
    const story = Story.chatting();
    story.act('leave');
    story.act('closed', { code: 1006 });
    assert.equal(story.state.seat, null);
  });

  it('works without a connection: the seat is given up', () => {
    const story = Story.chatting();
    story.act('closed', { code: 1006 });
    assert.deepEqual(story.act('leave')[0], { do: 'disconnect' });
    assert.equal(story.state.phase, 'landing');
    assert.equal(story.state.seat, null);
    assert.equal(story.state.previous.id, 'chat-one');
  });
});

describe('close codes', () => {
  for (const code of [1001, 1006, 1011, 1012, 1013, 4008, 4010]) {
    it(`reconnects after ${code}`, () => {
      const story = Story.chatting();
      const effects = story.act('closed', { code });
      assert.equal(effects[0].do, 'connect_after');
      assert.equal(story.state.phase, 'chatting');
      assert.deepEqual(story.act('retry'), [{ do: 'connect', token: 'token-one', lastSeq: 2 }]);
    });
  }

  for (const [code, kind] of [
    [1000, 'closed_idle'], [1002, 'closed_broken'], [1003, 'closed_broken'], [1005, 'closed_broken'], [1007, 'closed_broken'],
    [1008, 'closed_policy'], [1009, 'closed_broken'], [4001, 'opened_elsewhere'], [4003, 'banned'], [4005, 'removed'],
  ]) {
    it(`does not reconnect after ${code}, forgets the seat, and says why`, () => {
      const story = Story.chatting();
      const effects = story.act('closed', { code });
      assert.deepEqual(effects.filter((effect) => effect.do.startsWith('connect')), []);
      assert.equal(story.state.phase, 'landing');
      assert.equal(story.state.seat, null);
      assert.equal(story.state.notice.kind, kind);
    });
  }

  it('tells until when a ban holds and what the operator calls it', () => {
    const story = Story.searching();
    story.hear({ type: 'error', code: 'banned', message: '', ban_id: 'b-7', until: NOW + 1_000 });
    story.act('closed', { code: 4003 });
    assert.deepEqual(story.state.notice, { kind: 'banned', until: NOW + 1_000, banId: 'b-7' });
  });

  it('waits as long as a restarting server asks', () => {
    const story = Story.chatting();
    story.hear({ type: 'draining', reconnect_after_ms: 4_000 });
    const [effect] = story.act('closed', { code: 1012 });
    assert.ok(effect.ms >= 4_000 && effect.ms <= 5_000, `waits ${effect.ms} ms`);
  });

  it('waits longer with every try', () => {
    const story = Story.chatting();
    const delays = [];
    for (let attempt = 0; attempt < 10; attempt += 1) {
      delays.push(story.act('closed', { code: 1006, random: 1 })[0].ms);
      story.act('retry');
    }
    assert.deepEqual(delays.slice(0, 4), [500, 1000, 2000, 4000]);
    assert.equal(Math.max(...delays), 20_000);
  });

  it('stays quietly on the landing when an idle seat loses its connection', () => {
    const story = Story.searching();
    story.act('leave');
    story.hear({ type: 'idle', seq: 2 });
    assert.deepEqual(story.act('closed', { code: 1006 }), []);
    assert.equal(story.state.notice, null);
    assert.notEqual(story.state.seat, null);
  });
});
