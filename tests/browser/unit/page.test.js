import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, it } from 'node:test';

const FOLDER = new URL('../../../crates/infrastructure/websocket/assets/', import.meta.url);
const names = readdirSync(FOLDER).sort();
const read = (name) => readFileSync(new URL(name, FOLDER), 'utf8');
const page = read('index.html');

describe('the page', () => {
  it('names every file there is, and none that is missing', () => {
    const named = [...page.matchAll(/(?:href|src)="\/assets\/([^"]+)"/g)].map(([, name]) => name);
    assert.deepEqual([...new Set(named)].sort(), names.filter((name) => name !== 'index.html'));
  });

  it('has no script, style or handler within it, as the policy demands', () => {
    assert.doesNotMatch(page, /<style|\sstyle=|\son[a-z]+=|javascript:/i);
    for (const [tag] of page.matchAll(/<script[^>]*>/g)) assert.match(tag, / src="\/assets\//);
  });

  it('asks nobody else for anything', () => {
    for (const name of names) {
      const addresses = [...read(name).matchAll(/https?:\/\/[^\s"'`)]+/g)].map(([address]) => address);
      const foreign = addresses.filter((address) => !address.startsWith('http://www.w3.org/'));
      assert.deepEqual(foreign.filter((address) => !address.includes('[^')), [], name);
    }
  });

  it('lets text in by one door only', () => {
    for (const name of names.filter((candidate) => candidate.endsWith('.js'))) {
      assert.doesNotMatch(read(name), /innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|new Function|DOMParser/, name);
    }
  });

  it('gives each id once, and every label its control', () => {
    const ids = [...page.matchAll(/\sid="([^"]+)"/g)].map(([, id]) => id);
    assert.equal(new Set(ids).size, ids.length);
    for (const [, target] of page.matchAll(/\sfor="([^"]+)"/g)) assert.ok(ids.includes(target), target);
  });
});
