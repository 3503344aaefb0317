/**
 * Two quiet sounds, made on the spot: somebody was found, a message came.
 *
 * Architecture invariants: silent unless the user asked for sound; loads nothing.
 *
 * @module
 */

import { loadPreference, savePreference } from './storage.js';

/** Frequencies in hertz, one after the other. */
const TUNES = Object.freeze({ matched: [523.25, 783.99], message: [659.25] });
const NOTE_SECONDS = 0.16;
const LOUDNESS = 0.06;

/** The page's voice. */
export class Sound {
  #isOn = loadPreference('sound') === true;
  /** @type {AudioContext | null} */
  #context = null;

  get isOn() {
    return this.#isOn;
  }

  /** Turns the sound on or off and remembers it. Called on a click, which is what browsers ask of a page that sounds. */
  toggle() {
    this.#isOn = !this.#isOn;
    savePreference('sound', this.#isOn);
    this.play('message');
  }

  /** @param {keyof typeof TUNES} tune */
  play(tune) {
    if (!this.#isOn || typeof AudioContext === 'undefined') return;
    this.#context ??= new AudioContext();
    const context = this.#context;
    void context.resume().catch(() => {});
    TUNES[tune].forEach((frequency, index) => {
      const from = context.currentTime + index * NOTE_SECONDS * 0.8;
      const tone = context.createOscillator();
      const volume = context.createGain();
      tone.type = 'sine';
      tone.frequency.value = frequency;
      volume.gain.setValueAtTime(0, from);
      volume.gain.linearRampToValueAtTime(LOUDNESS, from + 0.015);
      volume.gain.exponentialRampToValueAtTime(0.0001, from + NOTE_SECONDS * 1.6);
      tone.connect(volume).connect(context.destination);
      tone.start(from);
      tone.stop(from + NOTE_SECONDS * 1.7);
    });
  }
}
