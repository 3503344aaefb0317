/**
 * What the browser knows of the network, and the numbers that the landing shows before any socket is open.
 *
 * Architecture invariants: asks this page's own origin only, and only while somebody looks at the landing.
 *
 * @module
 */

const COUNT_EVERY_MS = 20_000;

/** @param {import('./app.js').App} app */
export function watchNetwork(app) {
  window.addEventListener('online', () => app.doubtLink());
  window.addEventListener('offline', () => app.doubtLink());
  const count = () => {
    if (app.state.phase === 'landing' && app.state.link.status !== 'open' && document.visibilityState === 'visible') void countUsers(app);
  };
  count();
  setInterval(count, COUNT_EVERY_MS);
  document.addEventListener('visibilitychange', count);
}

/** @param {import('./app.js').App} app */
async function countUsers(app) {
  try {
    const response = await fetch('/api/v1/stats', { headers: { accept: 'application/json' } });
    if (!response.ok) return;
    const { online, waiting, chatting } = await response.json();
    if ([online, waiting, chatting].every(Number.isFinite)) app.dispatch('counted', { stats: { online, waiting, chatting } });
  } catch {
    // The numbers are a courtesy.
  }
}
