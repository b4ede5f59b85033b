// The keys of the page. They do nothing while a person writes, but for Escape.

import { linksOf, mayAct } from "./store.js";

/** @import { Actions } from "./actions.js" */
/** @import { State, Store } from "./store.js" */

const FIELDS = "input:not([type=radio], [type=checkbox]), textarea, select, [contenteditable]";
const LATER = 1500; // milliseconds within which the second key of a pair must come

/**
 * @param {Store} store
 * @param {Actions} actions
 */
export function listenToKeys(store, actions) {
  let first = -LATER; // when `g` was pressed
  addEventListener("keydown", (event) => {
    const target = /** @type {HTMLElement} */ (event.target);
    if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
    if (target.matches?.(FIELDS)) {
      if (event.key === "Escape") target.blur();
      return;
    }
    const pair = event.timeStamp - first < LATER;
    first = event.key === "g" ? event.timeStamp : -LATER;
    const done = pair ? GO.get(event.key) : PLAIN.get(event.key);
    if (!done) return;
    event.preventDefault();
    done(actions, store);
  });
}

/** @typedef {(actions: Actions, store: Store) => void} Deed */

/** @type {Map<string, Deed>} */
const GO = new Map([
  ["a", (actions) => actions.go({})],
  ["i", (actions) => actions.go({ view: "inbox" })],
  ["q", (actions) => actions.go({ view: "queue" })],
  ["s", toSession],
  ["c", (actions, store) => turn(actions, store, "changes")],
  ["e", (actions, store) => turn(actions, store, "events")],
  ["p", (actions, store) => turn(actions, store, "proof")],
]);

/** @type {Map<string, Deed>} */
const PLAIN = new Map([
  ["?", (actions) => actions.showKeys()],
  ["/", () => focusOn("#find")],
  ["c", () => focusOn("#words")],
  ["[", () => press("#previous")],
  ["]", () => press("#next")],
  ["j", () => step(1)],
  ["k", () => step(-1)],
  ["y", (actions, store) => decide(actions, store, "once")],
  ["a", (actions, store) => decide(actions, store, "always")],
  ["n", toRejection],
]);

/** Another view of the session that is open. @param {Actions} actions @param {Store} store @param {"changes" | "events" | "proof"} view */
function turn(actions, { state }, view) {
  if (state.address.codebase !== null) actions.turn({ view });
  else if (view === "proof") actions.go({ view });
}

/** @param {Actions} actions @param {Store} store */
function toSession(actions, { state }) {
  const all = [...state.codebases.values()];
  const open = all.find((one) => one.id === state.session?.codebase);
  const busy = all.find(({ overview }) => ["needs_you", "running"].includes(overview.state));
  const one = open ?? busy ?? all[0];
  if (one) actions.go({ view: "session", codebase: linksOf(state.codebases)(one) });
}

/** @param {string} selector of a button */
const press = (selector) => /** @type {HTMLElement | null} */ (document.querySelector(selector))?.click();

/** @param {string} selector */
const focusOn = (selector) => /** @type {HTMLElement | null} */ (document.querySelector(selector))?.focus();

/** Go to the next row of the list in the view, or of the one beside it. @param {number} by */
function step(by) {
  const list = document.activeElement?.closest("[data-list]") ?? document.querySelector("main [data-list]") ?? document.querySelector("[data-list]");
  if (!list) return;
  const rows = [...list.querySelectorAll("[data-key]")];
  const at = rows.findIndex((row) => row.contains(document.activeElement));
  const row = rows[at < 0 ? (by > 0 ? 0 : rows.length - 1) : Math.min(Math.max(at + by, 0), rows.length - 1)];
  const place = /** @type {HTMLElement | null | undefined} */ (row?.matches("[tabindex]") ? row : row?.querySelector("a, button, [tabindex]"));
  place?.focus();
  row?.scrollIntoView({ block: "nearest" });
}

/**
 * The row that keys act on: the one in focus, else the one that was, else the one that the address names.
 *
 * @param {State} state
 */
const chosen = (state) =>
  document.activeElement?.closest("main [data-key]")?.getAttribute("data-key") ?? state.chosen ?? state.address.permission;

/** Go to the words for a rejection, or to its button. @param {Actions} _actions @param {Store} store */
function toRejection(_actions, { state }) {
  const card = `main [data-key="${CSS.escape(chosen(state) ?? "")}"]`;
  focusOn(`${card} [name=words], ${card} .no`);
}

/** Answer the chosen request of the inbox; "always" only after a question. Questions are answered by their form alone. @param {Actions} actions @param {Store} store @param {"once" | "always"} reply */
function decide(actions, { state }, reply) {
  const all = state.address.view === "inbox" ? (state.read["permissions"]?.value?.permissions ?? []) : [];
  const id = chosen(state);
  const asked = all.find((/** @type {{ id: string }} */ one) => one.id === id);
  if (asked?.kind !== "permission" || !mayAct(state)) return;
  if (reply === "always") actions.always(asked);
  else actions.answer(asked, reply);
}
