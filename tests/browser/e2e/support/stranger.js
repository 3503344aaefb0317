/**
 * A person in front of a browser: one context, one page, and a guard that nothing went wrong in it.
 */

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { chromium } from 'playwright-core';
import { PATIENCE_MS } from './until.js';

const PLACES = [process.env.CHROMIUM, '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
const FLAGS = [
  '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync',
];

/** The console's word for a socket that could not be opened. It is no fault of the page when the test cut the wire. */
export const CUT_WIRE = /WebSocket connection to|Failed to load resource: net::/;

/** @returns {Promise<import('playwright-core').Browser>} */
export function launch() {
  const executablePath = PLACES.find((place) => place !== undefined && existsSync(place));
  assert.ok(executablePath, 'no Chromium was found; CHROMIUM may name it');
  return chromium.launch({ executablePath, args: FLAGS });
}

/** One stranger. */
export class Stranger {
  /** @type {string[]} */
  problems = [];
  /** @type {RegExp[]} */
  #allowed = [];

  constructor(context, page, url) {
    this.context = context;
    this.page = page;
    this.url = url;
  }

  /**
   * Opens the page in a context of its own.
   *
   * @param {import('playwright-core').Browser} browser
   * @param {string} url
   * @param {import('playwright-core').BrowserContextOptions} [options]
   * @param {(page: import('playwright-core').Page) => Promise<void>} [prepare]
   */
  static async arrive(browser, url, options = {}, prepare = async () => {}) {
    const context = await browser.newContext({ viewport: { width: 1000, height: 760 }, locale: 'en-GB', ...options });
    return Stranger.openTab(context, url, prepare);
  }

  /** One more tab of a context. */
  static async openTab(context, url, prepare = async () => {}) {
    context.setDefaultTimeout(PATIENCE_MS);
    const page = await context.newPage();
    const stranger = new Stranger(context, page, url);
    stranger.#guard();
    await prepare(page);
    await page.goto(url);
    await page.locator('#app[data-phase]').waitFor();
    return stranger;
  }

  /** Lets a message of the console pass that the test itself provokes. @param {RegExp} pattern */
  allow(pattern) {
    this.#allowed.push(pattern);
  }

  #guard() {
    const { page } = this;
    const origin = new URL(this.url).origin;
    page.on('pageerror', (error) => this.problems.push(`error in the page: ${error.stack}`));
    page.on('console', (message) => {
      if (message.type() !== 'error' && message.type() !== 'warning') return;
      if (!this.#allowed.some((pattern) => pattern.test(message.text()))) this.problems.push(`console: ${message.text()}`);
    });
    page.on('request', (request) => {
      const url = new URL(request.url());
      if (url.origin !== origin && url.protocol !== 'data:' && url.protocol !== 'blob:') this.problems.push(`a request to ${url}`);
    });
    page.on('popup', (popup) => this.problems.push(`a window to ${popup.url()}`));
    page.on('dialog', (dialog) => {
      this.problems.push(`a script’s dialog: ${dialog.message()}`);
      void dialog.dismiss();
    });
    void page.addInitScript(() => {
      document.addEventListener('securitypolicyviolation', (event) => {
        console.error(`policy violated: ${event.violatedDirective} by ${event.blockedURI || event.sourceFile}`);
      });
    });
  }

  /** @param {string} selector @returns {import('playwright-core').Locator} */
  find(selector) {
    return this.page.locator(selector);
  }

  /** Waits until the element shows this text. @param {string} selector @param {string | RegExp} text */
  async reads(selector, text) {
    await this.page.locator(selector).filter({ hasText: text, visible: true }).first().waitFor();
  }

  /** @param {{ interests?: string, language?: string }} [criteria] */
  async start({ interests = '', language = '' } = {}) {
    if (interests !== '') await this.page.fill('#interest-input', interests);
    if (language !== '') await this.page.selectOption('#language', language);
    await this.page.click('#start');
  }

  async isChatting() {
    await this.find('#chat').waitFor();
  }

  async isSearching() {
    await this.find('#searching').waitFor();
  }

  async hasLanded() {
    await this.find('#landing').waitFor();
  }

  /** @param {string} text */
  async say(text) {
    await this.page.fill('#message', text);
    await this.page.press('#message', 'Enter');
  }

  /** Waits until the stranger's message is shown, exactly as it was sent. @param {string} text */
  async hears(text) {
    await this.page.waitForFunction(
      (wanted) => [...document.querySelectorAll('#lines .stranger .text')].some((line) => line.textContent === wanted),
      text,
    );
  }

  /** Waits until the own message with this text has this tick. @param {string} text @param {string} tick */
  async seesTick(text, tick) {
    await this.page.waitForFunction(
      ([wanted, mark]) => [...document.querySelectorAll('#lines .me')].some(
        (line) => line.querySelector('.text')?.textContent === wanted && line.dataset.tick === mark,
      ),
      [text, tick],
    );
  }

  /** What the operator knows this stranger by. @returns {Promise<string>} */
  userId() {
    return this.page.evaluate(() => JSON.parse(sessionStorage.getItem('passerby.seat')).userId);
  }

  /** The messages on the screen, each as `me: …` or `stranger: …`. @returns {Promise<string[]>} */
  lines() {
    return this.page.locator('#lines .line:not(.note)').evaluateAll((lines) => lines.map(
      (line) => `${line.classList.contains('me') ? 'me' : 'stranger'}: ${line.querySelector('.text').textContent}`,
    ));
  }

  /** Fails the test if anything went wrong in the page, and closes it. */
  async goes() {
    const { problems } = this;
    await this.context.close();
    assert.deepEqual(problems, [], 'something went wrong in a page');
  }
}

/** Two strangers in one chat. @returns {Promise<[Stranger, Stranger]>} */
export async function pair(browser, url, [first, second] = [{}, {}], urlOfSecond = url) {
  const one = await Stranger.arrive(browser, url, first);
  await one.start();
  await one.isSearching();
  const other = await Stranger.arrive(browser, urlOfSecond, second);
  await other.start();
  await Promise.all([one.isChatting(), other.isChatting()]);
  return [one, other];
}

/** Everybody goes. @param {...Stranger} strangers */
export async function part(...strangers) {
  for (const stranger of strangers) await stranger.goes();
}
