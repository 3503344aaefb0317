/**
 * What a test file stands on: one browser for all its tests, and a fresh server for each, so that nobody who waits
 * in one test is met in another.
 */

import { after, afterEach, before, beforeEach } from 'node:test';
import { Server } from './server.js';
import { launch } from './stranger.js';

/**
 * @param {Record<string, string>} [settings]
 * @returns {{ browser: import('playwright-core').Browser, server: Server, url: string }} filled before each test
 */
export function stage(settings = {}) {
  const on = /** @type {any} */ ({});
  before(async () => {
    on.browser = await launch();
  });
  beforeEach(async () => {
    on.server = await Server.start(settings);
    on.url = on.server.url;
  });
  afterEach(async () => {
    for (const context of on.browser.contexts()) await context.close();
    await on.server.stop();
  });
  after(async () => {
    await on.browser.close();
  });
  return on;
}
