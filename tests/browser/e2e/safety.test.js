import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { pair, part, Stranger } from './support/stranger.js';
import { stage } from './support/stage.js';

describe('a report', () => {
  const on = stage();

  it('asks for a reason, may end the chat, and is confirmed', async () => {
    const [ann, bob] = await pair(on.browser, on.url);
    await bob.say('buy my pills');
    await ann.hears('buy my pills');
    await ann.page.click('#menu-button');
    await ann.page.click('#menu-report');
    await ann.page.click('#report-form button[type="submit"]');
    await ann.reads('#report-trouble', 'Please pick a reason.');
    await ann.page.check('input[value="spam"]');
    await ann.page.fill('#report-detail', 'x'.repeat(501));
    await ann.page.click('#report-form button[type="submit"]');
    await ann.reads('#report-trouble', 'Please shorten your words.');
    await ann.page.fill('#report-detail', 'sells pills');
    await ann.page.click('#report-form button[type="submit"]');
    await ann.isSearching();
    await ann.reads('.previous .note', 'Your report was recorded.');
    await bob.isSearching();
    await bob.reads('.previous-how', 'The stranger moved on.');
    const reports = await (await on.server.operate('reports')).text();
    assert.match(reports, /"spam"/);
    assert.match(reports, /sells pills/);
    assert.doesNotMatch(reports, /buy my pills/);
    await part(ann, bob);
  });

  it('may leave the chat going', async () => {
    const [ann, bob] = await pair(on.browser, on.url);
    await ann.page.click('#menu-button');
    await ann.page.click('#menu-report');
    await ann.page.check('input[value="other"]');
    await ann.page.uncheck('#report-end');
    await ann.page.click('#report-form button[type="submit"]');
    await ann.reads('#lines .note', 'Your report was recorded.');
    await bob.say('still here');
    await ann.hears('still here');
    await part(ann, bob);
  });

  it('can still be made for a short while after the chat', async () => {
    const [ann, bob] = await pair(on.browser, on.url);
    await bob.say('something vile');
    await bob.page.click('#skip');
    await ann.isSearching();
    await ann.page.click('[data-previous="report"]');
    assert.equal(await ann.find('#report-end-row').isVisible(), false);
    await ann.page.check('input[value="harassment"]');
    await ann.page.click('#report-form button[type="submit"]');
    await ann.reads('.previous .note', 'Your report was recorded.');
    assert.equal(await ann.find('#searching').isVisible(), true);
    await part(ann, bob);
  });
});

describe('a block', () => {
  const on = stage({ PASSERBY__MATCHING__REMATCH_COOLDOWN: '50ms' });

  it('ends the chat as a skip would, and these two do not meet again', async () => {
    const [ann, bob] = await pair(on.browser, on.url);
    await ann.page.click('#menu-button');
    await ann.page.click('#menu-block');
    await ann.page.click('#block-dialog [data-close]');
    assert.equal(await ann.find('#chat').isVisible(), true);
    await ann.page.click('#menu-button');
    await ann.page.click('#menu-block');
    await ann.page.click('#block-form button[type="submit"]');
    await Promise.all([ann.isSearching(), bob.isSearching()]);
    await bob.reads('.previous-how', 'The stranger moved on.');
    // Somebody new meets one of the two although the other was there before: they are not for each other.
    const cat = await Stranger.arrive(on.browser, on.url);
    await cat.start();
    await cat.isChatting();
    await part(ann, bob, cat);
  });
});

describe('an operator', () => {
  const on = stage();

  it('bans somebody, who is told until when and what to quote', async () => {
    const ann = await Stranger.arrive(on.browser, on.url);
    await ann.start();
    await ann.reads('#search-title', 'Looking for someone');
    const body = JSON.stringify({ user_id: await ann.userId(), reason: 'harassment', seconds: 3_600 });
    const ban = await (await on.server.operate('bans', { method: 'POST', body })).json();
    await ann.reads('#notice', /You are banned from this service until .*The operator knows this ban as/);
    await ann.reads('#notice', ban.id);
    await ann.page.reload();
    assert.equal(await ann.find('#landing').isVisible(), true);
    await ann.start();
    await ann.reads('#notice', 'You are banned');
    await part(ann);
  });

  it('removes somebody, who is told so', async () => {
    const [ann, bob] = await pair(on.browser, on.url);
    await on.server.operate(`kick/${await ann.userId()}`, { method: 'POST' });
    await ann.reads('#notice', 'An operator ended your session.');
    await bob.isSearching();
    await part(ann, bob);
  });
});

const HOSTILE = [
  '<script>window.pwned = 1</script>',
  '<img src=x onerror="window.pwned=1">',
  '"><svg onload=alert(1)>',
  'javascript:window.pwned=1',
  '[x](javascript:window.pwned=1)',
  '&'.repeat(500),
  '&lt;b&gt; &#x3c;',
  '\u202eevil \u2066and\u2069 \u202d stranger',
  `Z${'\u0301\u0489\u0336'.repeat(600)}algo`,
  'שלום hello 123 مرحبا',
  'tabs\tand\nlines\n\n\nkept  as they are  ',
  '\u2028\u2029 separators \ufffe',
  '![x](http://127.0.0.1:9/pixel.png) http://127.0.0.1:9/preview.png',
  '__proto__',
  '{"type":"leave"}',
  'x'.repeat(2_000),
  '👩‍👩‍👧‍👦🏳️‍🌈é',
];

describe('hostile text', () => {
  const on = stage();

  it('is shown exactly as sent, runs nothing, loads nothing, and stays in its place', async () => {
    const [ann, bob] = await pair(on.browser, on.url);
    for (const text of HOSTILE) {
      await bob.say(text);
      await ann.hears(text);
    }
    assert.deepEqual(await ann.lines(), HOSTILE.map((text) => `stranger: ${text}`));
    const shown = await ann.page.evaluate(() => ({
      pwned: window.pwned,
      foreign: [...document.querySelectorAll('#lines *')].map((element) => element.localName)
        .filter((name) => !['li', 'div', 'span', 'bdi', 'time', 'a'].includes(name)),
      isolated: [...document.querySelectorAll('#lines .text')].every(
        (text) => text.localName === 'bdi' && text.dir === 'auto' && getComputedStyle(text).unicodeBidi === 'isolate',
      ),
      clipped: [...document.querySelectorAll('#lines .bubble')].every((bubble) => /clip|hidden/.test(getComputedStyle(bubble).overflowY)),
      tallest: Math.max(...[...document.querySelectorAll('#lines .bubble')].filter((bubble) => bubble.textContent.includes('algo'))
        .map((bubble) => bubble.getBoundingClientRect().height)),
      tooWide: document.querySelector('#log').scrollWidth - document.querySelector('#log').clientWidth,
    }));
    assert.equal(shown.pwned, undefined);
    assert.deepEqual(shown.foreign, []);
    assert.equal(shown.isolated, true);
    assert.equal(shown.clipped, true);
    assert.ok(shown.tallest < 120, `a pile of marks is ${shown.tallest} px high`);
    assert.equal(shown.tooWide, 0);
    await part(ann, bob);
  });

  it('becomes a link only for the web, and such a link tells the other side nothing', async () => {
    const [ann, bob] = await pair(on.browser, on.url);
    await bob.say('see https://example.org/a?b=c. or javascript:alert(1)');
    await ann.find('#lines a').waitFor();
    const links = await ann.find('#lines a').evaluateAll((found) => found.map(({ href, rel, target }) => ({ href, rel, target })));
    assert.equal(links.length, 1);
    assert.equal(links[0].href, 'https://example.org/a?b=c');
    assert.equal(links[0].target, '_blank');
    for (const word of ['noopener', 'noreferrer']) assert.ok(links[0].rel.split(' ').includes(word), word);
    await part(ann, bob);
  });

  it('cannot come in by way of an interest', async () => {
    const evil = '<b onclick=alert(1)>\u202ex';
    const ann = await Stranger.arrive(on.browser, on.url);
    await ann.start({ interests: evil });
    const bob = await Stranger.arrive(on.browser, on.url);
    await bob.start({ interests: evil });
    await ann.isChatting();
    assert.deepEqual(await ann.find('#meeting .chip').allTextContents(), ['<b onclick=alert(1)>x']);
    assert.equal(await ann.find('#meeting b').count(), 0);
    await part(ann, bob);
  });
});
