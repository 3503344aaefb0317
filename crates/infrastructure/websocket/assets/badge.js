/**
 * The number of unread messages, in the title and on the tab's icon.
 *
 * Architecture invariants: touches `document.title` and the icon link, nothing else.
 *
 * @module
 */

const NAME = 'Passerby';
const PLAIN = '/assets/icon.svg';

/** Counts what arrives while nobody looks. */
export class Badge {
  #unread = 0;
  #activity = '';

  /** Something arrived. @param {boolean} isSeen */
  arrived(isSeen) {
    if (isSeen) return;
    this.#unread += 1;
    this.#show();
  }

  /** Somebody looks, or the chat it was about is over. */
  clear() {
    if (this.#unread === 0) return;
    this.#unread = 0;
    this.#show();
  }

  /** What the page is doing, for the title. @param {string} activity */
  setActivity(activity) {
    if (this.#activity === activity) return;
    this.#activity = activity;
    this.#show();
  }

  #show() {
    const count = this.#unread > 99 ? '99+' : String(this.#unread);
    const activity = this.#activity === '' ? NAME : `${this.#activity} · ${NAME}`;
    document.title = this.#unread === 0 ? activity : `(${count}) ${activity}`;
    const icon = document.querySelector('link[rel="icon"]');
    icon?.setAttribute('href', this.#unread === 0 ? PLAIN : iconWith(count));
  }
}

/** @param {string} count @returns {string} the icon with a number on it, as a data address */
function iconWith(count) {
  const size = count.length > 2 ? 22 : 28;
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 64">
<rect width="64" height="64" rx="15" fill="#16242e"/>
<circle cx="25" cy="27" r="15" fill="#f0a868"/><circle cx="39" cy="27" r="15" fill="#5fb5a8" fill-opacity=".85"/>
<rect x="24" y="30" width="40" height="34" rx="17" fill="#d2433c"/>
<text x="44" y="56" font-family="sans-serif" font-weight="700" font-size="${size}" fill="#fff" text-anchor="middle">${count}</text>
</svg>`;
  return `data:image/svg+xml,${encodeURIComponent(svg)}`;
}
