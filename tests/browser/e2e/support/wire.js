/**
 * A wire between the browser and the server that can be cut.
 */

import { once } from 'node:events';
import { connect, createServer } from 'node:net';

/** A TCP relay on a free port. */
export class Wire {
  #target;
  #listener;
  #pairs = new Set();
  #isCut = false;
  #isSilent = false;

  constructor(target) {
    this.#target = target;
    this.#listener = createServer((near) => this.#join(near));
  }

  /** @param {{ host: string, port: number }} target @param {number} [port] */
  static async to(target, port = 0) {
    const wire = new Wire(target);
    wire.#listener.listen(port, '127.0.0.1');
    await once(wire.#listener, 'listening');
    wire.url = `http://127.0.0.1:${wire.#listener.address().port}/`;
    return wire;
  }

  /** Cuts what is connected and refuses what comes, until `mend`. */
  cut() {
    this.#isCut = true;
    for (const pair of this.#pairs) for (const end of pair) end.destroy();
  }

  /** Carries nothing more over the connections there are, and tells nobody. */
  silence() {
    this.#isSilent = true;
    for (const pair of this.#pairs) {
      for (const end of pair) {
        end.unpipe();
        end.pause();
      }
    }
  }

  /** Lets new connections through again; to another server, if one is given. */
  mend(target = this.#target) {
    this.#target = target;
    this.#isCut = false;
    this.#isSilent = false;
  }

  async close() {
    this.cut();
    this.#listener.close();
    await once(this.#listener, 'close');
  }

  #join(near) {
    if (this.#isCut) {
      near.destroy();
      return;
    }
    const far = connect(this.#target.port, this.#target.host);
    const pair = [near, far];
    this.#pairs.add(pair);
    for (const end of pair) {
      end.on('error', () => {});
      end.on('close', () => {
        this.#pairs.delete(pair);
        if (!this.#isSilent) for (const other of pair) other.destroy();
      });
    }
    near.pipe(far);
    far.pipe(near);
  }
}
