// The keyboard's place: what is in focus stays so when the page changes, and goes to the nearest thing when it is gone.

const REACHED = "a[href], button:not(:disabled), input:not(:disabled), textarea:not(:disabled), select:not(:disabled), [tabindex]";

/**
 * Change the page and leave the focus where it was.
 *
 * @param {() => void} work
 */
export function keepingFocus(work) {
  const focused = /** @type {HTMLElement} */ (document.activeElement);
  const row = focused.closest("[data-key]");
  const list = row?.closest("[data-list]");
  const at = list ? [...list.querySelectorAll("[data-key]")].indexOf(/** @type {Element} */ (row)) : -1;
  const key = row?.getAttribute("data-key");
  work();
  if (focused === document.body || document.activeElement === focused) return;
  if (document.activeElement !== document.body && document.activeElement !== null) return; // it was given to something else
  if (focused.isConnected && !isOff(focused)) return focused.focus({ preventScroll: true });
  const rows = list?.isConnected ? [...list.querySelectorAll("[data-key]")] : [];
  const near = rows.find((one) => one.getAttribute("data-key") === key) ?? rows[Math.min(at, rows.length - 1)];
  const around = focused.isConnected ? focused.closest("section, form, main") : null;
  const next = reached(near) ?? reached(around) ?? document.getElementById("main");
  next?.focus({ preventScroll: true });
}

/** @param {HTMLElement} element */
const isOff = (element) => element.matches(":disabled") || element.offsetParent === null;

/** @param {Element | null | undefined} place @returns {HTMLElement | null} */
const reached = (place) => place?.querySelector(REACHED) ?? null;
