import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AxeBuilder } from '@axe-core/playwright';
import { pair, part, Stranger } from './support/stranger.js';
import { stage } from './support/stage.js';

/** No violation of any rule of axe, best practices included, in light and in dark. */
async function isAccessible(stranger, screen) {
  for (const colorScheme of /** @type {const} */ (['light', 'dark'])) {
    await stranger.page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    const { violations } = await new AxeBuilder({ page: stranger.page }).setLegacyMode(true).analyze();
    const found = violations.map(({ id, help, nodes }) => `${id}: ${help}\n    ${nodes.map((node) => node.html).join('\n    ')}`);
    assert.deepEqual(found, [], `axe on ${screen} in ${colorScheme}`);
  }
}

/** The narrowest phones that are about. */
const PHONES = [{ width: 320, height: 568 }, { width: 360, height: 640 }];

async function fitsPhones(stranger, screen) {
  for (const size of PHONES) {
    await stranger.page.setViewportSize(size);
    await fits(stranger, `${screen} at ${size.width} pixels`);
  }
}

/** Nothing sticks out sideways, and every control that is shown can be reached and hit. */
async function fits(stranger, screen) {
  const found = await stranger.page.evaluate(() => {
    const problems = [];
    const wide = document.documentElement;
    if (wide.scrollWidth > wide.clientWidth) problems.push(`the page is ${wide.scrollWidth} wide in ${wide.clientWidth}`);
    for (const control of document.querySelectorAll('button, input, select, textarea, summary')) {
      if (!control.checkVisibility({ visibilityProperty: true })) continue;
      control.scrollIntoView({ block: 'nearest' });
      const box = control.getBoundingClientRect();
      const name = `${control.localName}#${control.id}.${control.className} "${control.textContent?.trim()}"`;
      if (box.left < 0 || box.right > wide.clientWidth + 0.5) problems.push(`${name} sticks out: ${box.left} to ${box.right}`);
      if (box.top < -0.5 || box.bottom > innerHeight + 0.5) problems.push(`${name} cannot be reached: ${box.top} to ${box.bottom}`);
      const isBoxed = control.matches('input[type="radio"], input[type="checkbox"]');
      if (!isBoxed && (box.width < 24 || box.height < 24)) problems.push(`${name} is too small: ${box.width} by ${box.height}`);
    }
    return problems;
  });
  assert.deepEqual(found, [], `${screen} does not fit`);
}

/** Walks through every screen and asks the same of each. */
async function walk(on, options, ask) {
  const ann = await Stranger.arrive(on.browser, on.url, options);
  await ask(ann, 'the landing');
  await ann.page.fill('#interest-input', 'jazz, a very long interest indeed ok, bread,');
  await ask(ann, 'the landing with chips');
  await ann.page.selectOption('#language', 'en');
  await ann.page.click('#start');
  await ann.reads('#search-title', 'Looking for someone');
  await ask(ann, 'the search');
  const bob = await Stranger.arrive(on.browser, on.url);
  await bob.start({ interests: 'jazz, a very long interest indeed ok', language: 'en' });
  await Promise.all([ann.isChatting(), bob.isChatting()]);
  await ask(ann, 'an empty chat');
  await ann.say('Hello!');
  await bob.hears('Hello!');
  for (const text of ['Hi. How are you?', 'A rather long line, so that it has to be broken on a small screen.', 'https://example.org/x', 'w'.repeat(300)]) {
    await bob.say(text);
    await ann.hears(text);
  }
  await ann.seesTick('Hello!', 'delivered');
  await bob.page.type('#message', '…');
  await ann.find('#typing').waitFor();
  await ann.page.fill('#message', 'x'.repeat(1_900));
  await ask(ann, 'a chat');
  await ann.page.fill('#message', '');
  await ann.page.click('#menu-button');
  await ask(ann, 'the menu');
  await ann.page.click('#menu-report');
  await ann.page.click('#report-form button[type="submit"]');
  await ask(ann, 'the report');
  await ann.page.click('#report-dialog [data-close]');
  await ann.page.click('#menu-button');
  await ann.page.click('#menu-block');
  await ask(ann, 'the block');
  await ann.page.click('#block-dialog [data-close]');
  await ann.page.press('#message', 'Escape');
  await ann.reads('#chat-status', 'Press Esc again');
  await ask(ann, 'a chat about to be skipped');
  await bob.page.goto('about:blank');
  await ann.reads('#chat-countdown', 'to come back');
  await ask(ann, 'a chat whose partner is away');
  await ann.isSearching();
  await ann.find('.previous').waitFor();
  await ask(ann, 'the search after a chat');
  await ann.page.click('#stop');
  await ann.hasLanded();
  await ann.page.click('.previous summary');
  await ask(ann, 'the landing after a chat');
  await part(ann, bob);
}

describe('every screen', () => {
  const on = stage({ PASSERBY__SESSION__RELOAD_GRACE: '3s' });

  it('has no accessibility violation', async () => {
    await walk(on, {}, isAccessible);
  });

  it('fits a phone', async () => {
    await walk(on, { viewport: PHONES[0], isMobile: true, hasTouch: true }, fitsPhones);
  });

  it('leaves room to write when the keyboard takes half the screen', async () => {
    const [ann, bob] = await pair(on.browser, on.url, [{ viewport: { width: 360, height: 640 }, isMobile: true, hasTouch: true }, {}]);
    await ann.page.setViewportSize({ width: 360, height: 320 });
    await fits(ann, 'the chat above a keyboard');
    for (let count = 0; count < 12; count += 1) await bob.say(`line ${count}`);
    await ann.hears('line 11');
    const isLastInView = await ann.find('#lines .line').last().evaluate((line) => {
      const [box, log] = [line.getBoundingClientRect(), document.getElementById('log').getBoundingClientRect()];
      return box.bottom <= log.bottom + 1 && box.top >= log.top;
    });
    assert.equal(isLastInView, true, 'the newest line is not in view');
    await part(ann, bob);
  });

  it('stands still for those who asked for it', async () => {
    const ann = await Stranger.arrive(on.browser, on.url, { reducedMotion: 'reduce' });
    await ann.start();
    await ann.isSearching();
    assert.equal(await ann.page.evaluate(() => document.getAnimations().length), 0);
    await part(ann);
  });
});
