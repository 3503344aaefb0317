/**
 * Starts the page: joins state, connection, views and storage.
 *
 * Architecture invariants: the only module that knows all the others. It decides nothing; the reducer does.
 *
 * @module
 */

import { App } from './app.js';
import { Badge } from './badge.js';
import { Sound } from './sound.js';
import { View } from './view.js';
import { loadSeat } from './storage.js';
import { watchNetwork } from './network.js';

const sound = new Sound();
const badge = new Badge();
const app = new App(sound, badge);
const view = new View(app, sound, badge);
app.showOn(view);
watchNetwork(app);
app.dispatch('restored', { saved: loadSeat() });
