import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { NOW, Story, welcome } from './story.js';

const ticks = (story) => story.state.chat.lines.filter((line) => line.from === 'me').map((line) => line.tick);

describe('a conversation', () => {
  it('shows what both like and brings the input to the user', () => {
    const story = Story.chatting();
    assert.deepEqual(story.state.chat.common, ['jazz']);
    assert.ok(story.effects.some((effect) => effect.do === 'focus' && effect.on === 'message'));
  });

  it('ticks a message when it is sent and when it is acknowledged', () => {
    const story = Story.chatting();
    story.act('say', { text: 'hello', id: 'm1' });
    assert.deepEqual(story.sent, [{ type: 'message', chat_id: 'chat-one', id: 'm1', text: 'hello' }]);
    assert.deepEqual(ticks(story), ['sent']);
    story.hear({ type: 'ack', chat_id: 'chat-one', id: 'm1' });
    assert.deepEqual(ticks(story), ['delivered']);
  });

  it('says that a message is kept while the partner is away, and delivered when they are back', () => {
    const story = Story.chatting();
    story.hear({ type: 'partner_away', seq: 3, chat_id: 'chat-one', until: NOW + 20_000 });
    story.act('say', { text: 'still there?', id: 'm1' });
    story.hear({ type: 'ack', chat_id: 'chat-one', id: 'm1' });
    assert.deepEqual(ticks(story), ['kept']);
    story.hear({ type: 'partner_back', seq: 4, chat_id: 'chat-one' });
    assert.deepEqual(ticks(story), ['delivered']);
    assert.equal(story.state.chat.awayUntil, null);
  });

  it('says why a message failed, and sends it anew under a new id', () => {
    const story = Story.chatting();
    story.act('say', { text: 'hello', id: 'm1' });
    story.hear({ type: 'error', code: 'rate_limited', message: '', ref: 'm1', retry_after_ms: 100 });
    assert.deepEqual(ticks(story), ['failed']);
    assert.equal(story.state.chat.lines[0].why, 'rate_limited');
    story.act('say_again', { key: 'm1', id: 'm2' });
    assert.deepEqual(story.sent, [{ type: 'message', chat_id: 'chat-one', id: 'm2', text: 'hello' }]);
    assert.deepEqual(ticks(story), ['sent']);
  });

  it('keeps the id of a message that may have arrived, so that it cannot arrive twice', () => {
    const story = Story.chatting();
    story.act('say', { text: 'hello', id: 'm1' });
    story.hear({ type: 'error', code: 'unconfirmed', message: '', ref: 'm1' });
    story.act('say_again', { key: 'm1', id: 'm2' });
    assert.equal(story.sent[0].id, 'm1');
  });

  it('hears nothing that belongs to another chat', () => {
    const story = Story.chatting();
    story.hear({ type: 'message', seq: 3, chat_id: 'other', text: 'psst', at: NOW });
    story.hear({ type: 'typing', chat_id: 'other', on: true });
    assert.deepEqual(story.texts, []);
    assert.equal(story.state.chat.typingUntil, null);
  });

  it('counts every numbered event once', () => {
    const story = Story.chatting();
    story.hear({ type: 'message', seq: 3, chat_id: 'chat-one', text: 'once', at: NOW });
    story.hear({ type: 'message', seq: 3, chat_id: 'chat-one', text: 'once', at: NOW });
    assert.deepEqual(story.texts, ['once']);
    assert.equal(story.state.lastSeq, 3);
  });

  it('forgets the typing hint when the message comes or after a while', () => {
    const story = Story.chatting();
    story.hear({ type: 'typing', chat_id: 'chat-one', on: true });
    assert.notEqual(story.state.chat.typingUntil, null);
    story.hear({ type: 'message', seq: 3, chat_id: 'chat-one', text: 'hi', at: NOW });
    assert.equal(story.state.chat.typingUntil, null);
    story.hear({ type: 'typing', chat_id: 'chat-one', on: true });
    story.now += 7_000;
    story.act('tick');
    assert.equal(story.state.chat.typingUntil, null);
  });

  it('doubts the link when an answer is overdue', () => {
    const story = Story.chatting();
    story.act('say', { text: 'hello', id: 'm1' });
    story.now += 4_000;
    assert.deepEqual(story.act('tick'), []);
    story.now += 2_000;
    assert.deepEqual(story.act('tick'), [{ do: 'probe' }]);
  });

  it('stays bounded', () => {
    const story = Story.chatting();
    for (let seq = 3; seq < 1_103; seq += 1) story.hear({ type: 'message', seq, chat_id: 'chat-one', text: `${seq}`, at: NOW });
    assert.equal(story.state.chat.lines.length, 1_000);
    assert.equal(story.texts.at(-1), '1102');
  });

  it('lets no more messages wait for an answer than can be resent at once', () => {
    const story = Story.chatting();
    for (let count = 0; count < 30; count += 1) story.act('say', { text: `${count}`, id: `m${count}` });
    assert.equal(story.state.chat.lines.length, 20);
  });
});

describe('skipping', () => {
  it('takes two Escapes within three seconds', () => {
    const story = Story.chatting();
    assert.deepEqual(story.act('escape'), []);
    assert.equal(story.state.armedFor, 'chat-one');
    story.now += 2_900;
    story.act('escape');
    assert.deepEqual(story.sent.map((frame) => [frame.type, frame.chat_id]), [['skip', 'chat-one']]);
  });

  it('forgets the first Escape after three seconds', () => {
    const story = Story.chatting();
    story.act('escape');
    story.now += 3_000;
    story.act('tick');
    assert.equal(story.state.armedFor, null);
    story.act('escape');
    assert.deepEqual(story.sent, []);
  });

  it('forgets the first Escape when the user goes on writing', () => {
    const story = Story.chatting();
    story.act('escape');
    story.act('write');
    story.act('escape');
    assert.deepEqual(story.sent, []);
  });

  it('does not let an Escape meant for one stranger skip the next', () => {
    const story = Story.chatting();
    story.act('escape');
    story.hear({ type: 'chat_ended', seq: 3, chat_id: 'chat-one', reason: 'partner_skipped' });
    story.hear({ type: 'matched', seq: 4, chat_id: 'chat-two', common_interests: [], mode: 'text', initiator: false });
    story.act('escape');
    assert.deepEqual(story.sent, []);
    assert.equal(story.state.armedFor, 'chat-two');
  });

  it('does not skip twice', () => {
    const story = Story.chatting();
    story.act('skip');
    assert.equal(story.sent.length, 1);
    story.act('skip');
    assert.deepEqual(story.sent, []);
  });

  it('waits when it was refused, and then works again', () => {
    const story = Story.chatting();
    story.act('skip', { id: 's1' });
    story.hear({ type: 'error', code: 'rate_limited', message: '', ref: 's1', retry_after_ms: 3_000 });
    assert.equal(story.state.phase, 'chatting');
    story.act('skip');
    assert.deepEqual(story.sent, []);
    story.now += 3_000;
    story.act('tick');
    story.act('skip');
    assert.equal(story.sent.length, 1);
  });
});

describe('the end of a chat', () => {
  it('keeps the chat to be read, and fails what never left the page', () => {
    const story = Story.chatting();
    story.act('closed', { code: 1006 });
    story.act('say', { text: 'into the dark', id: 'm1' });
    story.act('retry');
    story.hear(welcome({ resumed: true, state: 'waiting', seq: 2, replay_to: 4, since: NOW }));
    story.hear({ type: 'chat_ended', seq: 3, chat_id: 'chat-one', reason: 'partner_left' });
    story.hear({ type: 'waiting', seq: 4, since: NOW });
    assert.equal(story.state.phase, 'searching');
    assert.equal(story.state.previous.ending, 'partner_left');
    assert.deepEqual(story.state.previous.lines.map((line) => [line.tick, line.why]), [['failed', 'stale_chat']]);
    assert.deepEqual(story.sent, []);
  });

  it('still takes an acknowledgement that comes late', () => {
    const story = Story.chatting();
    story.act('say', { text: 'bye', id: 'm1' });
    story.hear({ type: 'chat_ended', seq: 3, chat_id: 'chat-one', reason: 'partner_skipped' });
    story.hear({ type: 'ack', chat_id: 'chat-one', id: 'm1' });
    assert.equal(story.state.previous.lines[0].tick, 'delivered');
  });

  it('says so when the server makes the user idle unasked', () => {
    const story = Story.chatting();
    story.act('block', { chatId: 'chat-one' });
    story.hear({ type: 'blocked', seq: 3, chat_id: 'chat-one' });
    story.hear({ type: 'chat_ended', seq: 4, chat_id: 'chat-one', reason: 'you_skipped' });
    story.hear({ type: 'idle', seq: 5 });
    assert.equal(story.state.phase, 'landing');
    assert.equal(story.state.notice.kind, 'stopped_by_server');
    assert.equal(story.state.previous.blocked, true);
  });
});

describe('reporting', () => {
  it('blocks after the report was recorded, when that was asked', () => {
    const story = Story.chatting();
    story.act('report', { chatId: 'chat-one', reason: 'spam', detail: 'ads', thenBlock: true });
    assert.deepEqual({ ...story.sent[0], id: '' }, { type: 'report', id: '', chat_id: 'chat-one', reason: 'spam', detail: 'ads' });
    story.hear({ type: 'reported', seq: 3, chat_id: 'chat-one' });
    assert.deepEqual(story.sent.map((frame) => [frame.type, frame.chat_id]), [['block', 'chat-one']]);
    assert.equal(story.state.chat.reported, true);
  });

  it('leaves the chat alone when that was asked', () => {
    const story = Story.chatting();
    story.act('report', { chatId: 'chat-one', reason: 'other', detail: '', thenBlock: false });
    assert.equal('detail' in story.sent[0], false);
    story.hear({ type: 'reported', seq: 3, chat_id: 'chat-one' });
    assert.deepEqual(story.sent, []);
    assert.equal(story.state.phase, 'chatting');
  });

  it('never blocks the next stranger when the reported one has gone meanwhile', () => {
    const story = Story.chatting();
    story.act('report', { chatId: 'chat-one', reason: 'spam', detail: '', thenBlock: true });
    story.hear({ type: 'chat_ended', seq: 3, chat_id: 'chat-one', reason: 'partner_skipped' });
    story.hear({ type: 'matched', seq: 4, chat_id: 'chat-two', common_interests: [], mode: 'text', initiator: false });
    story.hear({ type: 'reported', seq: 5, chat_id: 'chat-one' });
    assert.deepEqual(story.sent, []);
    assert.equal(story.state.previous.reported, true);
    assert.equal(story.state.chat.reported, false);
  });

  it('says so when it failed', () => {
    const story = Story.chatting();
    story.act('report', { chatId: 'chat-one', reason: 'spam', detail: '', thenBlock: false, id: 'r1' });
    story.hear({ type: 'error', code: 'store_unavailable', message: '', ref: 'r1' });
    assert.deepEqual(story.texts, ['report_failed']);
  });
});
