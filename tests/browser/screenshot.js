/**
 * Takes the picture of the README anew: `PASSERBY_BIN=… npm run screenshot`.
 */

import { mkdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { Server } from './e2e/support/server.js';
import { launch, part, Stranger } from './e2e/support/stranger.js';

const PICTURE = fileURLToPath(new URL('../../docs/images/chat.png', import.meta.url));

const server = await Server.start();
const browser = await launch();
try {
  const ann = await Stranger.arrive(browser, server.url, { viewport: { width: 1040, height: 760 }, colorScheme: 'light' });
  await ann.start({ interests: 'jazz, bread, night walks' });
  await ann.isSearching();
  const bob = await Stranger.arrive(browser, server.url);
  await bob.start({ interests: 'bread, jazz, rivers' });
  await ann.isChatting();
  const talk = [
    [bob, 'Jazz and bread, that is a good start. What is on tonight?'],
    [ann, 'Bill Evans, with the window open 🌧️'],
    [ann, 'And you?'],
    [bob, 'Mulatu Astatke, while the dough is rising.'],
    [ann, 'Then we both have about an hour. Rye or wheat?'],
  ];
  for (const [who, text] of talk) {
    await who.say(text);
    await (who === ann ? bob : ann).hears(text);
  }
  await ann.seesTick(talk.at(-1)[1], 'delivered');
  await bob.page.type('#message', 'Rye');
  await ann.find('#typing').waitFor();
  await mkdir(new URL('.', `file://${PICTURE}`), { recursive: true });
  await ann.page.screenshot({ path: PICTURE });
  await part(ann, bob);
} finally {
  await browser.close();
  await server.stop();
}
