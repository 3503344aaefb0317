import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { pair, part, Stranger } from './support/stranger.js';
import { stage } from './support/stage.js';

/** What has the focus, by its id or its name. */
const focused = (stranger) => stranger.page.evaluate(() => {
  const element = document.activeElement;
  return element.id || element.getAttribute('aria-label') || element.getAttribute('data-act') || element.textContent.trim();
});

const waitForFocus = (stranger, id) => stranger.page.waitForFunction((wanted) => document.activeElement.id === wanted, id);

describe('without a mouse', () => {
  const on = stage();

  it('one can start, talk, use the menu, report, skip and leave', async () => {
    const ann = await Stranger.arrive(on.browser, on.url);
    const keys = ann.page.keyboard;
    const walked = [];
    for (let count = 0; count < 5; count += 1) {
      await keys.press('Tab');
      walked.push(await focused(ann));
    }
    assert.deepEqual(walked, ['Sound', 'Colours: automatic', 'interest-input', 'language', 'start']);
    const outline = await ann.find('#start').evaluate((start) => getComputedStyle(start).outlineStyle);
    assert.equal(outline, 'solid', 'the focus can be seen');
    await keys.press('Enter');
    await ann.isSearching();
    await waitForFocus(ann, 'search-title');
    await keys.press('Tab');
    assert.equal(await focused(ann), 'stop');

    const bob = await Stranger.arrive(on.browser, on.url);
    await bob.start();
    await ann.isChatting();
    await waitForFocus(ann, 'message');
    await keys.type('all by keys');
    await keys.press('Enter');
    await bob.hears('all by keys');
    assert.equal(await focused(ann), 'message');

    for (const expected of ['skip', 'log', 'menu-button', 'leave']) {
      await keys.press('Shift+Tab');
      assert.equal(await focused(ann), expected);
    }
    await keys.press('Tab');
    await keys.press('Enter');
    await ann.find('#menu').waitFor();
    await keys.press('Tab');
    assert.equal(await focused(ann), 'menu-report');
    await keys.press('Escape');
    await ann.find('#menu').waitFor({ state: 'hidden' });
    assert.equal(await focused(ann), 'menu-button');
    await ann.reads('#chat-status', 'Connected');

    await keys.press('Enter');
    await keys.press('Tab');
    await keys.press('Enter');
    await ann.find('#report-dialog').waitFor();
    await keys.press('Escape');
    await ann.find('#report-dialog').waitFor({ state: 'hidden' });
    assert.equal(await focused(ann), 'menu-button', 'the focus returns from where it came');
    await ann.reads('#chat-status', 'Connected');

    await keys.press('Enter');
    await keys.press('Tab');
    await keys.press('Enter');
    await ann.find('#report-dialog').waitFor();
    await keys.press('Space');
    await keys.press('Tab');
    assert.equal(await focused(ann), 'report-detail');
    await keys.type('by keys');
    await keys.press('Tab');
    assert.equal(await focused(ann), 'report-end');
    await keys.press('Space');
    await keys.press('Tab');
    await keys.press('Tab');
    assert.equal(await focused(ann), 'Send report');
    await keys.press('Enter');
    await ann.reads('#lines .note', 'Your report was recorded.');
    assert.equal(await focused(ann), 'menu-button');

    await keys.press('Escape');
    await ann.reads('#chat-status', 'Press Esc again');
    await keys.press('Escape');
    await ann.isSearching();
    await waitForFocus(ann, 'search-title');
    await keys.press('Tab');
    await keys.press('Enter');
    await ann.hasLanded();
    await waitForFocus(ann, 'landing-title');
    await part(ann, bob);
  });

  it('a stranger who leaves does not take the focus out of a dialog', async () => {
    const [ann, bob] = await pair(on.browser, on.url);
    await ann.page.click('#menu-button');
    await ann.page.click('#menu-report');
    await ann.page.check('input[value="illegal"]');
    await bob.page.click('#leave');
    await ann.isSearching();
    assert.equal(await ann.find('#report-dialog').isVisible(), true);
    await ann.page.click('#report-form button[type="submit"]');
    await ann.reads('.previous .note', 'Your report was recorded.');
    await part(ann, bob);
  });
});

describe('for those who listen', () => {
  const on = stage();

  it('the page has its landmarks, its log and its status lines, and says who is who', async () => {
    const [ann, bob] = await pair(on.browser, on.url);
    await ann.reads('#announcer', 'You are talking with a stranger.');
    await bob.say('listen');
    await ann.hears('listen');
    await ann.say('yes');
    await ann.seesTick('yes', 'delivered');
    assert.equal(await ann.page.getByRole('log', { name: 'Conversation' }).count(), 1);
    assert.ok((await ann.page.getByRole('status').count()) >= 1);
    const spoken = await ann.find('#lines .line').allTextContents();
    assert.match(spoken[0], /^Stranger: listen/);
    assert.match(spoken[1], /^You: yes.*Delivered$/);
    await bob.page.click('#skip');
    await ann.reads('#announcer', 'The stranger moved on.');
    await part(ann, bob);
  });
});
