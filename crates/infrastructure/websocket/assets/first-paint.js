/*
 * Names the chosen theme before anything is painted, so that a dark page never flashes white. It is a classic script
 * for that reason only; everything else is in modules.
 */
(() => {
  try {
    const theme = JSON.parse(localStorage.getItem('passerby.theme') ?? 'null');
    if (theme === 'light' || theme === 'dark') document.documentElement.setAttribute('data-theme', theme);
  } catch {
    // No storage, or not ours: the device's own choice stands.
  }
})();
