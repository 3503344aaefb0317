/**
 * The server under test, as a process of its own on a free port.
 *
 * PASSERBY_BIN names the program. Everything it needs is given by its environment.
 */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { until } from './until.js';

const BRISK = {
  PASSERBY__HTTP__LISTEN: '127.0.0.1:0',
  PASSERBY__ADMIN__LISTEN: '127.0.0.1:0',
  PASSERBY__ADMIN__TOKEN: 'a-token-for-the-browser-tests-only',
  PASSERBY__SESSION__DRAIN_SPREAD: '200ms',
  PASSERBY__SESSION__DRAIN_TIMEOUT: '2s',
  PASSERBY__LIMITS__CONNECTIONS_PER_ORIGIN: '0',
  PASSERBY__LIMITS__CONNECTS_PER_ORIGIN_PER_MINUTE: '0',
};

/** One running server. */
export class Server {
  #process;
  #folder;
  #log = '';

  constructor(process, folder) {
    this.#process = process;
    this.#folder = folder;
    for (const stream of [process.stdout, process.stderr]) {
      stream.on('data', (chunk) => { this.#log = (this.#log + chunk).slice(-20_000); });
    }
  }

  /** Starts a server with these settings beside the brisk ones, and answers once it listens. */
  static async start(settings = {}) {
    const program = process.env.PASSERBY_BIN;
    assert.ok(program, 'PASSERBY_BIN must name the server’s program');
    const folder = await mkdtemp(join(tmpdir(), 'passerby-browser-'));
    const ready = join(folder, 'ready.json');
    const child = spawn(program, ['serve', '--ready-file', ready], {
      env: { PATH: process.env.PATH, HOME: folder, ...BRISK, ...settings },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const server = new Server(child, folder);
    const address = await until('the server listens', async () => {
      if (child.exitCode !== null) throw new Error(`the server ended with ${child.exitCode}:\n${server.#log}`);
      try {
        return JSON.parse(await readFile(ready, 'utf8'));
      } catch {
        return undefined;
      }
    });
    const [host, port] = address.http.split(':');
    server.host = host;
    server.port = Number(port);
    server.url = `http://${address.http}/`;
    server.admin = `http://${address.admin}/admin/v1/`;
    return server;
  }

  /**
   * Asks the operator API.
   *
   * @param {string} path
   * @param {RequestInit & { body?: string }} [request]
   */
  async operate(path, request = {}) {
    const headers = { authorization: `Bearer ${BRISK.PASSERBY__ADMIN__TOKEN}`, 'content-type': 'application/json' };
    const response = await fetch(this.admin + path, { ...request, headers });
    assert.ok(response.ok, `${path} answered ${response.status}: ${await response.clone().text()}`);
    return response;
  }

  /** Asks the server to drain and waits for its end. */
  async drain() {
    await this.#end('SIGTERM');
  }

  async stop() {
    await this.#end('SIGKILL');
    await rm(this.#folder, { recursive: true, force: true });
  }

  async #end(signal) {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const ended = once(this.#process, 'exit');
    this.#process.kill(signal);
    await ended;
  }
}
