import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { Server } from './support/server.js';
import { CUT_WIRE, pair, part, Stranger } from './support/stranger.js';
import { stage } from './support/stage.js';
import { Wire } from './support/wire.js';

const GRACES = { PASSERBY__SESSION__RESUME_GRACE: '8s', PASSERBY__SESSION__RELOAD_GRACE: '8s' };

/** A wire of its own for one of the two. */
function wired(on) {
  const made = /** @type {any} */ ({});
  beforeEach(async () => { made.wire = await Wire.to(on.server); });
  afterEach(async () => { await made.wire.close(); });
  return made;
}

describe('a reload', () => {
  const on = stage(GRACES);

  it('leads back into the chat with all of its lines, and the partner sees the absence and the return', async () => {
    const [ann, bob] = await pair(on.browser, on.url);
    await ann.say('before');
    await bob.hears('before');
    await bob.say('answer');
    await ann.hears('answer');
    await ann.find('#message').fill('half a thought');
    await ann.page.reload();
    await ann.isChatting();
    await ann.reads('#chat-status', 'Connected');
    assert.deepEqual(await ann.lines(), ['me: before', 'stranger: answer']);
    assert.equal(await ann.find('#message').inputValue(), 'half a thought');
    await ann.say('after');
    await bob.hears('after');
    await bob.reads('#chat-status', 'Connected');
    assert.deepEqual(await bob.lines(), ['stranger: before', 'me: answer', 'stranger: after']);
    await part(ann, bob);
  });

  it('brings what was said meanwhile', async () => {
    const [ann, bob] = await pair(on.browser, on.url);
    await ann.page.goto('about:blank');
    await bob.reads('#chat-status', 'The stranger lost their connection. You may go on writing.');
    await bob.reads('#chat-countdown', /\d+ s to come back/);
    await bob.say('are you there?');
    await bob.seesTick('are you there?', 'kept');
    await ann.page.goto(on.url);
    await ann.hears('are you there?');
    await bob.seesTick('are you there?', 'delivered');
    await bob.reads('#chat-status', 'Connected');
    await part(ann, bob);
  });

  it('keeps a place in the queue', async () => {
    const ann = await Stranger.arrive(on.browser, on.url);
    await ann.start({ interests: 'tea' });
    await ann.isSearching();
    await ann.reads('#search-title', 'Looking for someone');
    await ann.page.reload();
    await ann.reads('#search-title', 'Looking for someone');
    await ann.reads('#search-wanted', 'You picked tea.');
    const bob = await Stranger.arrive(on.browser, on.url);
    await bob.start({ interests: 'tea' });
    await Promise.all([ann.isChatting(), bob.isChatting()]);
    await part(ann, bob);
  });

  it('does not take the chat from the tab that has it, unless the tab was duplicated; then the older one stops', async () => {
    const [ann, bob] = await pair(on.browser, on.url);
    await ann.say('first tab');
    await bob.hears('first tab');
    const other = await Stranger.openTab(ann.context, on.url);
    assert.equal(await other.find('#landing').isVisible(), true);

    await ann.page.evaluate(() => window.dispatchEvent(new Event('pagehide')));
    const kept = await ann.page.evaluate(() => ({ ...sessionStorage }));
    const copy = await Stranger.openTab(ann.context, on.url, (page) => page.addInitScript((copied) => {
      for (const [key, value] of Object.entries(copied)) sessionStorage.setItem(key, value);
    }, kept));
    await copy.isChatting();
    await ann.reads('#notice', 'You went on in another tab or window');
    await copy.say('second tab');
    await bob.hears('second tab');
    assert.deepEqual(await copy.lines(), ['me: first tab', 'me: second tab']);
    assert.equal(await ann.find('#landing').isVisible(), true);
    assert.deepEqual(other.problems, []);
    assert.deepEqual(copy.problems, []);
    await part(ann, bob);
  });
});

describe('a lost connection', () => {
  const on = stage(GRACES);
  const made = wired(on);

  it('is told in words, and the chat goes on when it is back, every message once', async () => {
    const [ann, bob] = await pair(on.browser, made.wire.url, [{}, {}], on.url);
    ann.allow(CUT_WIRE);
    await ann.say('one');
    await bob.hears('one');
    made.wire.cut();
    await ann.reads('#chat-status', 'Connection lost. Reconnecting…');
    await bob.reads('#chat-status', 'The stranger lost their connection.');
    await ann.say('two, from the dark');
    await ann.seesTick('two, from the dark', 'queued');
    await bob.say('three, into the dark');
    made.wire.mend();
    await ann.hears('three, into the dark');
    await bob.hears('two, from the dark');
    await ann.seesTick('two, from the dark', 'delivered');
    await ann.reads('#lines .note', 'You are connected again.');
    await ann.say('four');
    await bob.hears('four');
    assert.deepEqual(await bob.lines(), ['stranger: one', 'me: three, into the dark', 'stranger: two, from the dark', 'stranger: four']);
    await part(ann, bob);
  });

  it('is mended at once when the network says that it is back', async () => {
    const [ann, bob] = await pair(on.browser, made.wire.url, [{}, {}], on.url);
    ann.allow(CUT_WIRE);
    await ann.context.setOffline(true);
    made.wire.cut();
    await ann.reads('#chat-status', 'Connection lost');
    made.wire.mend();
    await ann.context.setOffline(false);
    await ann.reads('#chat-status', 'Connected');
    await bob.reads('#chat-status', 'Connected');
    await ann.say('hello again');
    await bob.hears('hello again');
    await part(ann, bob);
  });

  it('is noticed even when nobody says so', async () => {
    const ann = await Stranger.arrive(on.browser, made.wire.url, {}, (page) => page.clock.install());
    await ann.start();
    const bob = await Stranger.arrive(on.browser, on.url);
    await bob.start();
    await ann.isChatting();
    ann.allow(CUT_WIRE);
    made.wire.silence();
    await ann.say('anybody?');
    await ann.seesTick('anybody?', 'sent');
    await ann.page.clock.runFor(7_000);
    made.wire.mend();
    await ann.page.clock.runFor(7_000);
    await bob.hears('anybody?');
    await ann.seesTick('anybody?', 'delivered');
    assert.deepEqual(await bob.lines(), ['stranger: anybody?']);
    await part(ann, bob);
  });

  it('can be tried again by hand, and given up', async () => {
    const [ann, bob] = await pair(on.browser, made.wire.url, [{}, {}], on.url);
    ann.allow(CUT_WIRE);
    made.wire.cut();
    await ann.reads('#chat-countdown', /Next try in \d+ s/);
    await ann.find('#chat-try').waitFor();
    await ann.page.click('#leave');
    await ann.hasLanded();
    await ann.reads('.previous-how', 'You left.');
    await part(ann, bob);
  });
});

describe('an absence that lasts too long', () => {
  const on = stage({ PASSERBY__SESSION__RESUME_GRACE: '300ms', PASSERBY__SESSION__RELOAD_GRACE: '300ms' });
  const made = wired(on);

  it('ends the chat, honestly for both', async () => {
    const [ann, bob] = await pair(on.browser, made.wire.url, [{}, {}], on.url);
    ann.allow(CUT_WIRE);
    await ann.say('soon gone');
    await bob.hears('soon gone');
    made.wire.cut();
    await bob.isSearching();
    await bob.reads('.previous-how', 'The stranger’s connection was lost and did not come back.');
    made.wire.mend();
    await ann.reads('#notice', 'That chat is over: it could not be resumed.');
    await ann.reads('.previous-how', 'Your connection was lost, and this chat could not be resumed.');
    await part(ann, bob);
  });

  it('leaves nothing to come back to after a late reload but the truth', async () => {
    const [ann, bob] = await pair(on.browser, on.url);
    await ann.page.goto('about:blank');
    await bob.isSearching();
    await ann.page.goto(on.url);
    await ann.reads('#notice', 'That chat is over');
    await ann.start();
    await Promise.all([ann.isChatting(), bob.isChatting()]);
    await part(ann, bob);
  });
});

describe('a server that restarts', () => {
  const on = stage(GRACES);
  const made = wired(on);

  it('says so, and the page comes back by itself', async () => {
    const [ann, bob] = await pair(on.browser, made.wire.url, [{}, {}], made.wire.url);
    for (const stranger of [ann, bob]) stranger.allow(CUT_WIRE);
    const drained = on.server.drain();
    await ann.reads('#chat-status', /The server (is about to restart|restarts)|Connection lost/);
    await drained;
    const fresh = await Server.start(GRACES);
    made.wire.mend(fresh);
    try {
      await ann.reads('#notice', 'That chat is over');
      await ann.start();
      await ann.isSearching();
      await part(ann, bob);
    } finally {
      await fresh.stop();
    }
  });
});
