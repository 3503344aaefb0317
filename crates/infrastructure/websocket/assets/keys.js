/**
 * The one key that works everywhere in a chat: Escape, twice.
 *
 * Architecture invariants: Escape that closes something open, or ends an input method's composition, is not a skip.
 *
 * @module
 */

/** @param {import('./app.js').App} app */
export function watchKeys(app) {
  document.addEventListener('keydown', (event) => {
    if (event.key !== 'Escape' || event.repeat || event.isComposing || event.defaultPrevented) return;
    if (document.querySelector('dialog[open], [popover]:popover-open') !== null) return;
    if (app.state.phase !== 'chatting') return;
    event.preventDefault();
    app.dispatch('escape');
  });
}
