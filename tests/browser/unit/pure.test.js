import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

const assets = '../../../crates/infrastructure/websocket/assets';
const { characters, interestKey, isVisible, readInterests, sendable } = await import(`${assets}/text.js`);
const { pieces } = await import(`${assets}/links.js`);
const { TypingSignal } = await import(`${assets}/typing.js`);
const { decode, socketAddress, subprotocols } = await import(`${assets}/protocol.js`);
const { logName, logText } = await import(`${assets}/log.js`);
const { delayBefore } = await import(`${assets}/backoff.js`);
const { span } = await import(`${assets}/time.js`);

describe('text', () => {
  it('counts as the protocol counts', () => {
    assert.equal(characters('aé👋'), 3);
  });

  it('knows what cannot be seen', () => {
    for (const unseen of ['', ' \n\t', '\u200b', '\u2060\u00ad', '\u{e0041}', '\u3000']) assert.equal(isVisible(unseen), false, JSON.stringify(unseen));
    for (const seen of ['.', ' a ', '\u202ea', '👋', 'े']) assert.equal(isVisible(seen), true, JSON.stringify(seen));
  });

  it('drops what the server refuses and nothing else', () => {
    assert.equal(sendable('a\r\nb\rc\td\u0000\u001b\u0085\u007f'), 'a\nb\nc\td');
    assert.equal(sendable('a\ud800b'), 'a\ufffdb');
    const strange = '\u202eevil\u202c  z\u0301\u0301 \u2028 <b> ';
    assert.equal(sendable(strange), strange);
  });

  it('reads interests: trimmed, each once, none too long', () => {
    assert.deepEqual(readInterests(' Jazz, ｊａｚｚ,,long  walks\n\u200b , 猫，茶').accepted, ['Jazz', 'long  walks', '猫', '茶']);
    assert.deepEqual(readInterests('\ufdfa, ok'), { accepted: ['\ufdfa', 'ok'], tooLong: [], unseen: 0 });
    assert.deepEqual(readInterests('\ufdfa\ufdfa, ok').tooLong, ['\ufdfa\ufdfa']);
    assert.equal(readInterests('a, \u0007\u200b, b').unseen, 1);
    assert.equal(interestKey('ＪＡＺＺ'), 'jazz');
  });
});

describe('links', () => {
  const linked = (text) => pieces(text).filter((piece) => piece.href !== null).map((piece) => piece.text);

  it('never alters the text', () => {
    for (const text of ['', 'no link', 'see https://a.example/x, ok', '(https://a.example/(x))', 'https://', 'javascript:alert(1)//https://']) {
      assert.equal(pieces(text).map((piece) => piece.text).join(''), text);
    }
  });

  it('leaves the punctuation of the sentence out', () => {
    assert.deepEqual(linked('Look: https://a.example/x?y=1. Or (http://b.example/a_(b)).'), ['https://a.example/x?y=1', 'http://b.example/a_(b)']);
  });

  it('links nothing but http and https, and no disguise', () => {
    for (const text of ['javascript:alert(1)', 'data:text/html,x', 'ftp://a.example', 'https://good.example@evil.example/', 'https://', 'file:///etc/passwd']) {
      assert.deepEqual(linked(text), [], text);
    }
  });

  it('ends a link before an invisible or direction-changing character', () => {
    assert.deepEqual(linked('https://a.example/\u202egnp.exe'), ['https://a.example/']);
  });
});

describe('the typing hint', () => {
  function signal() {
    const timers = new Map();
    const told = [];
    const clock = { time: 10_000 };
    const run = (until) => {
      for (;;) {
        const next = [...timers].filter(([, timer]) => timer.at <= until).sort((one, other) => one[1].at - other[1].at)[0];
        if (next === undefined) break;
        timers.delete(next[0]);
        clock.time = next[1].at;
        next[1].run();
      }
      clock.time = until;
    };
    let ids = 0;
    const typing = new TypingSignal((on) => told.push([clock.time, on]), {
      now: () => clock.time,
      after: (ms, action) => {
        ids += 1;
        timers.set(ids, { at: clock.time + ms, run: action });
        return ids;
      },
      cancel: (timer) => timers.delete(timer),
    });
    return { typing, told, run };
  }

  it('is told at most every two seconds', () => {
    const { typing, told, run } = signal();
    for (let time = 10_000; time <= 15_000; time += 100) {
      run(time);
      typing.changed(false);
    }
    assert.deepEqual(told, [[10_000, true], [12_000, true], [14_000, true]]);
  });

  it('stops after a pause, and at once when the input is emptied', () => {
    const { typing, told, run } = signal();
    typing.changed(false);
    run(20_000);
    assert.deepEqual(told, [[10_000, true], [14_000, false]]);
    typing.changed(false);
    typing.changed(true);
    assert.deepEqual(told.slice(2), [[20_000, true], [20_000, false]]);
  });

  it('says nothing after sending, and is told again for the next message', () => {
    const { typing, told, run } = signal();
    typing.changed(false);
    typing.reset();
    run(10_500);
    typing.changed(false);
    run(13_000);
    assert.deepEqual(told, [[10_000, true], [12_000, true]]);
  });
});

describe('the wire', () => {
  it('keeps the token out of the address', () => {
    assert.equal(socketAddress({ protocol: 'https:', host: 'a.example' }, 7), 'wss://a.example/ws?join=manual&last_seq=7');
    assert.equal(socketAddress({ protocol: 'http:', host: '127.0.0.1:1' }, null), 'ws://127.0.0.1:1/ws?join=manual');
    assert.deepEqual(subprotocols('tok'), ['passerby.v1', 'passerby.resume.tok']);
    assert.deepEqual(subprotocols(null), ['passerby.v1']);
  });

  it('hears only objects with a type', () => {
    for (const data of ['', 'null', '[]', '{}', '{"type":1}', '{', new ArrayBuffer(2)]) assert.equal(decode(data), null);
    assert.deepEqual(decode('{"type":"pong"}'), { type: 'pong' });
  });
});

describe('small things', () => {
  it('backs off with jitter and a ceiling', () => {
    assert.deepEqual([delayBefore(0, 0), delayBefore(0, 1), delayBefore(3, 1), delayBefore(60, 0), delayBefore(60, 1)], [250, 500, 4_000, 10_000, 20_000]);
  });

  it('writes spans as people read them', () => {
    assert.deepEqual([span(0), span(900), span(61_000), span(-5)], ['0:00', '0:01', '1:01', '0:00']);
  });

  it('saves a conversation as text', () => {
    const at = new Date(2026, 10, 24, 9, 5, 7).getTime();
    const chat = {
      common: ['jazz'], language: 'en', startedAt: at, endedAt: at, ending: 'partner_left',
      lines: [
        { from: 'stranger', text: 'hi\nthere', at },
        { from: 'note', text: 'back', at },
        { from: 'me', text: '<b>', at, tick: 'failed', why: 'unconfirmed' },
      ],
    };
    const text = logText(chat);
    assert.match(text, /In common: jazz\nLanguage: English\n/);
    assert.match(text, /Stranger: hi\n {4}there\n/);
    assert.match(text, /You: <b> \(Nobody can say whether this arrived\.\)\n/);
    assert.match(text, /The stranger left\./);
    assert.equal(logName(chat), 'passerby-2026-11-24-0905.txt');
  });
});
