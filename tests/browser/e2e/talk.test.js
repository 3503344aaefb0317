import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { describe, it } from 'node:test';
import { pair, part, Stranger } from './support/stranger.js';
import { stage } from './support/stage.js';
import { until } from './support/until.js';

describe('two strangers', () => {
  const on = stage();

  it('press Start, are paired and talk, each seeing what was delivered', async () => {
    const [ann, bob] = await pair(on.browser, on.url);
    await ann.say('Hello, whoever you are');
    await bob.hears('Hello, whoever you are');
    await ann.seesTick('Hello, whoever you are', 'delivered');
    await bob.say('Hi!');
    await bob.say('Nice to meet you');
    await ann.hears('Nice to meet you');
    await bob.seesTick('Nice to meet you', 'delivered');
    const story = ['Hello, whoever you are', 'Hi!', 'Nice to meet you'];
    assert.deepEqual(await ann.lines(), [`me: ${story[0]}`, `stranger: ${story[1]}`, `stranger: ${story[2]}`]);
    assert.deepEqual(await bob.lines(), [`stranger: ${story[0]}`, `me: ${story[1]}`, `me: ${story[2]}`]);
    const time = await ann.find('#lines time').first().getAttribute('datetime');
    assert.ok(Math.abs(Date.parse(time) - Date.now()) < 60_000, `the time is ${time}`);
    await part(ann, bob);
  });

  it('are told what they have in common', async () => {
    const ann = await Stranger.arrive(on.browser, on.url);
    await ann.start({ interests: 'Jazz, Sourdough, tea', language: 'fr' });
    await ann.reads('#search-wanted', 'You picked Jazz, Sourdough and tea, in French.');
    const bob = await Stranger.arrive(on.browser, on.url);
    await bob.start({ interests: 'ＪＡＺＺ,chess,tea', language: 'fr' });
    for (const stranger of [ann, bob]) {
      await stranger.isChatting();
      const common = await stranger.find('#meeting .chip').allTextContents();
      assert.deepEqual(common.sort(), ['jazz', 'tea']);
      await stranger.reads('#meeting', 'You both picked French.');
    }
    await part(ann, bob);
  });

  it('see each other typing, and that it stopped', async () => {
    const [ann, bob] = await pair(on.browser, on.url);
    await ann.page.type('#message', 'thinking');
    await bob.find('#typing').waitFor();
    await ann.page.fill('#message', '');
    await bob.find('#typing').waitFor({ state: 'hidden' });
    await ann.page.type('#message', 'done');
    await bob.find('#typing').waitFor();
    await ann.page.press('#message', 'Enter');
    await bob.hears('done');
    await bob.find('#typing').waitFor({ state: 'hidden' });
    await part(ann, bob);
  });

  it('part by Skip, are told why they do not meet again, and may read the last words', async () => {
    const [ann, bob] = await pair(on.browser, on.url);
    await bob.say('last words');
    await ann.hears('last words');
    await ann.page.fill('#message', 'a draft for the first stranger only');
    await bob.page.click('#skip');
    await Promise.all([ann.isSearching(), bob.isSearching()]);
    await ann.reads('.previous-how', 'The stranger moved on.');
    await bob.reads('.previous-how', 'You moved on.');
    await ann.reads('.previous .text', 'last words');
    await ann.reads('#search-lines', 'cannot meet again yet');
    await ann.reads('#search-cooldown', /Your last partner again in [01]:\d\d/);

    const cat = await Stranger.arrive(on.browser, on.url);
    await cat.start();
    await cat.isChatting();
    const met = await until('one of the two is paired', async () => {
      for (const stranger of [ann, bob]) if (await stranger.find('#chat').isVisible()) return stranger;
      return undefined;
    });
    assert.equal(await met.page.inputValue('#message'), '');
    assert.deepEqual(await met.lines(), []);
    await part(ann, bob, cat);
  });

  it('skip by Esc only when it is pressed twice', async () => {
    const [ann, bob] = await pair(on.browser, on.url);
    await ann.page.keyboard.press('Escape');
    await ann.reads('#chat-status', 'Press Esc again to skip this stranger.');
    await ann.say('not yet');
    await bob.hears('not yet');
    await ann.page.keyboard.press('Escape');
    await ann.page.keyboard.press('Escape');
    await Promise.all([ann.isSearching(), bob.isSearching()]);
    await part(ann, bob);
  });

  it('forget a single Esc', async () => {
    const ann = await Stranger.arrive(on.browser, on.url, {}, (page) => page.clock.install());
    await ann.start();
    const bob = await Stranger.arrive(on.browser, on.url);
    await bob.start();
    await ann.isChatting();
    await ann.page.keyboard.press('Escape');
    await ann.reads('#chat-status', 'Press Esc again');
    await ann.page.clock.fastForward(3_500);
    await ann.reads('#chat-status', 'Connected');
    await ann.page.keyboard.press('Escape');
    await ann.reads('#chat-status', 'Press Esc again');
    assert.equal(await bob.find('#chat').isVisible(), true);
    await part(ann, bob);
  });

  it('leave: one is back at the entry, the other searches on', async () => {
    const [ann, bob] = await pair(on.browser, on.url);
    await ann.page.click('#leave');
    await ann.hasLanded();
    await bob.isSearching();
    await bob.reads('.previous-how', 'The stranger left.');
    await bob.page.click('#stop');
    await bob.hasLanded();
    await ann.start();
    await ann.isSearching();
    await part(ann, bob);
  });
});

describe('who moves on too often', () => {
  const on = stage({ PASSERBY__MATCHING__REMATCH_COOLDOWN: '10ms' });

  it('is slowed, with words and a countdown', async () => {
    const [ann, bob] = await pair(on.browser, on.url);
    await ann.page.evaluate(() => {
      // Ann leaves whomever she meets, as fast as the page lets her.
      const again = () => {
        const start = document.getElementById('start');
        if (!document.getElementById('chat').hidden) document.getElementById('leave').click();
        else if (!document.getElementById('landing').hidden && !start.disabled) start.click();
      };
      window.restless = setInterval(again, 20);
    });
    await ann.reads('#start', /Start in \d+ s/);
    await ann.reads('#notice', 'You have moved on from many chats');
    await ann.page.evaluate(() => clearInterval(window.restless));
    await part(ann, bob);
  });
});

describe('the page', () => {
  const on = stage();

  it('counts in title and icon what arrives while nobody looks', async () => {
    const [ann, bob] = await pair(on.browser, on.url);
    const icon = () => ann.find('link[rel="icon"]').getAttribute('href');
    await ann.page.evaluate(() => { document.hasFocus = () => false; });
    await bob.say('one');
    await bob.say('two');
    await ann.hears('two');
    assert.equal(await ann.page.title(), '(2) Chatting · Passerby');
    assert.match(await icon(), /^data:image\/svg\+xml,.*%3E2%3C/s);
    await ann.page.evaluate(() => {
      delete document.hasFocus;
      window.dispatchEvent(new Event('focus'));
    });
    assert.equal(await ann.page.title(), 'Chatting · Passerby');
    assert.equal(await icon(), '/assets/icon.svg');
    await part(ann, bob);
  });

  it('saves the conversation as a text file', async () => {
    const [ann, bob] = await pair(on.browser, on.url);
    await ann.say('keep this');
    await bob.hears('keep this');
    await bob.say('and\nthis');
    await ann.hears('and\nthis');
    await ann.page.click('#menu-button');
    const [download] = await Promise.all([ann.page.waitForEvent('download'), ann.page.click('#menu-save')]);
    assert.match(download.suggestedFilename(), /^passerby-\d{4}-\d\d-\d\d-\d{4}\.txt$/);
    const text = await readFile(await download.path(), 'utf8');
    assert.match(text, /You: keep this\n/);
    assert.match(text, /Stranger: and\n {4}this\n/);
    await part(ann, bob);
  });

  it('sends with Enter, breaks the line with Shift and Enter, and sends nothing invisible or too long', async () => {
    const [ann, bob] = await pair(on.browser, on.url);
    await ann.page.type('#message', 'first');
    await ann.page.keyboard.press('Shift+Enter');
    await ann.page.type('#message', 'second');
    await ann.page.keyboard.press('Enter');
    await bob.hears('first\nsecond');
    await ann.page.fill('#message', ' \u200b\n ');
    assert.equal(await ann.page.isDisabled('#send'), true);
    await ann.page.fill('#message', 'x'.repeat(1_990));
    await ann.reads('#composer-count', '10 left');
    await ann.page.fill('#message', '👋'.repeat(2_001));
    await ann.reads('#composer-count', '1 too many');
    await ann.page.press('#message', 'Enter');
    await ann.page.fill('#message', '👋'.repeat(2_000));
    await ann.page.click('#send');
    await bob.hears('👋'.repeat(2_000));
    assert.equal((await bob.lines()).length, 2);
    await part(ann, bob);
  });

  it('picks interests as chips: by comma, Enter and paste; at most ten; each once; removable', async () => {
    const ann = await Stranger.arrive(on.browser, on.url);
    const chips = () => ann.find('#chips .chip bdi').allTextContents();
    await ann.page.type('#interest-input', 'jazz,');
    await ann.page.type('#interest-input', 'bread');
    await ann.page.keyboard.press('Enter');
    await ann.page.type('#interest-input', 'JAZZ,');
    assert.deepEqual(await chips(), ['jazz', 'bread']);
    await ann.page.keyboard.press('Backspace');
    assert.deepEqual(await chips(), ['jazz']);
    await ann.page.fill('#interest-input', 'a, b, c, d, e, f, g, h, i, j');
    await ann.page.click('#start');
    await ann.reads('#interest-hint', 'You can pick up to 10');
    assert.equal((await chips()).length, 10);
    assert.equal(await ann.page.inputValue('#interest-input'), 'j');
    await ann.page.click('[aria-label="Remove jazz"]');
    await ann.page.press('#interest-input', 'Enter');
    assert.deepEqual(await chips(), ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j']);
    await ann.page.fill('#interest-input', 'x'.repeat(33));
    await ann.page.press('#interest-input', 'Enter');
    await ann.reads('#interest-hint', 'up to 32 characters');
    await part(ann);
  });

  it('remembers colours and sound, and nothing of the conversation', async () => {
    const [ann, bob] = await pair(on.browser, on.url);
    await bob.say('a secret');
    await ann.hears('a secret');
    await ann.page.click('#menu-button');
    await ann.page.click('#menu [data-act="theme"]');
    await ann.page.click('#menu [data-act="theme"]');
    await ann.page.click('#menu [data-act="sound"]');
    await ann.page.keyboard.press('Escape');
    await ann.page.click('#leave');
    await ann.hasLanded();
    await ann.page.reload();
    assert.equal(await ann.find('html').getAttribute('data-theme'), 'dark');
    assert.equal(await ann.find('.masthead [data-act="sound"]').getAttribute('aria-pressed'), 'true');
    const stored = await ann.page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }]));
    assert.equal(stored.includes('secret'), false, stored);
    assert.deepEqual(Object.keys(JSON.parse(stored)[0]).sort(), ['passerby.sound', 'passerby.theme']);
    await part(ann, bob);
  });
});
