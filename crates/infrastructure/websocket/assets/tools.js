/**
 * The switches for sound and colours, wherever they are on the page.
 *
 * Architecture invariants: every switch of a kind shows the same state.
 *
 * @module
 */

import { setText } from './dom.js';
import { currentTheme, nextTheme } from './theme.js';

const THEME_WORDS = Object.freeze({ auto: 'Colours: automatic', light: 'Colours: light', dark: 'Colours: dark' });

/** @param {import('./sound.js').Sound} sound */
export function connectTools(sound) {
  const showSound = () => {
    for (const button of switches('sound')) {
      button.setAttribute('aria-pressed', String(sound.isOn));
      dress(button, sound.isOn ? 'i-sound' : 'i-silent', sound.isOn ? 'Sound is on' : 'Sound is off', 'Sound');
    }
  };
  const showTheme = () => {
    const theme = currentTheme();
    for (const button of switches('theme')) dress(button, `i-${theme}`, THEME_WORDS[theme], THEME_WORDS[theme]);
  };
  for (const button of switches('sound')) {
    button.addEventListener('click', () => {
      sound.toggle();
      showSound();
    });
  }
  for (const button of switches('theme')) {
    button.addEventListener('click', () => {
      nextTheme();
      showTheme();
    });
  }
  showSound();
  showTheme();
}

/** @param {string} kind @returns {HTMLElement[]} */
function switches(kind) {
  return [...document.querySelectorAll(`[data-act="${kind}"]`)].map((button) => /** @type {HTMLElement} */ (button));
}

/** @param {HTMLElement} button @param {string} picture @param {string} words @param {string} name */
function dress(button, picture, words, name) {
  button.querySelector('use')?.setAttribute('href', `#${picture}`);
  const label = button.querySelector('span');
  if (label !== null) {
    setText(label, words);
    return;
  }
  button.title = words;
  button.setAttribute('aria-label', name);
}
