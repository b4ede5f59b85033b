// Every view of the page has an address, in the part behind the `#`: it can be kept, sent, and gone back to.

/**
 * @typedef {"home" | "inbox" | "queue" | "search" | "session" | "sessions" | "changes" | "events" | "proof" | "unknown"} View
 */

/**
 * What the page shows. `codebase`: a name or an id. `session`: null for the newest one. `event`: its number in the stream of
 * the codebase. `at`: an event's number or a time to look back to. `since`: where what changed up to then begins.
 *
 * @typedef {object} Address
 * @property {View} view
 * @property {string | null} codebase
 * @property {string | null} session
 * @property {number | null} event
 * @property {string | null} permission
 * @property {string | null} at
 * @property {string | null} since
 * @property {string} q
 */

/** @type {ReadonlySet<string>} */
const TOP = new Set(["inbox", "queue", "search", "proof"]);
/** @type {ReadonlySet<string>} */
const OF_SESSION = new Set(["changes", "events", "proof"]);
/** @type {ReadonlySet<string>} */
const OF_CODEBASE = new Set([...OF_SESSION, "sessions"]);

/** @type {Readonly<Address>} */
export const HOME = Object.freeze({
  view: "home",
  codebase: null,
  session: null,
  event: null,
  permission: null,
  at: null,
  since: null,
  q: "",
});

/**
 * The address that a hash stands for. One that stands for nothing is the view `unknown`.
 *
 * @param {string} hash
 * @returns {Address}
 */
export function parsed(hash) {
  const [path = "", query = ""] = hash.replace(/^#/, "").split(/\?(.*)/s);
  const parameters = new URLSearchParams(query);
  const at = parameters.get("at") || null;
  const kept = { ...HOME, at, since: (at && parameters.get("since")) || null, q: parameters.get("q") ?? "" };
  return { ...kept, ...place(path) };
}

/**
 * @param {string} path
 * @returns {Partial<Address>}
 */
function place(path) {
  let parts;
  try {
    parts = path.replace(/^\//, "").replace(/\/$/, "").split("/").map(decodeURIComponent);
  } catch {
    return { view: "unknown" };
  }
  const [first = "", ...more] = parts;
  if (first === "" && !more.length) return { view: "home" };
  if (!path.startsWith("/")) return more.length ? { view: "unknown" } : { view: "session", codebase: first };
  if (first === "c" && more[0]) return ofCodebase(more[0], more.slice(1));
  if (first === "inbox" && more.length < 2) return { view: "inbox", permission: more[0] ?? null };
  return TOP.has(first) && !more.length ? { view: /** @type {View} */ (first) } : { view: "unknown" };
}

/**
 * @param {string} codebase
 * @param {string[]} more
 * @returns {Partial<Address>}
 */
function ofCodebase(codebase, more) {
  const inSession = more[0] === "s" && Boolean(more[1]);
  const session = inSession ? /** @type {string} */ (more[1]) : null;
  const further = inSession ? more.slice(2) : more;
  const number = /^e([0-9]{1,15})$/.exec(further[0] ?? "");
  const event = number ? Number(number[1]) : null;
  const [last, ...rest] = number ? further.slice(1) : further;
  if (rest.length) return { view: "unknown" };
  if (last === undefined) return { view: "session", codebase, session, event };
  const views = inSession || number ? OF_SESSION : OF_CODEBASE;
  return views.has(last) ? { view: /** @type {View} */ (last), codebase, session, event } : { view: "unknown" };
}

/**
 * The hash of an address.
 *
 * @param {Partial<Address>} given
 */
export function hashOf(given) {
  const address = { ...HOME, ...given };
  const parameters = new URLSearchParams();
  if (address.view === "search" && address.q) parameters.set("q", address.q);
  if (address.at) parameters.set("at", address.at);
  if (address.at && address.since) parameters.set("since", address.since);
  const query = parameters.size ? `?${parameters}` : "";
  return `#/${pathOf(address).map(encodeURIComponent).join("/")}${query}`;
}

/**
 * @param {Address} address
 * @returns {string[]}
 */
function pathOf({ view, codebase, session, event, permission }) {
  if (codebase === null) return view === "home" || !TOP.has(view) ? [] : permission === null ? [view] : [view, permission];
  const start = session === null ? ["c", codebase] : ["c", codebase, "s", session];
  const place = event === null || view === "sessions" ? start : [...start, `e${event}`];
  return view === "session" ? place : [...place, view];
}

/**
 * Follow the address of the window: `arrived` is called with every new one, also by the back button.
 *
 * @param {(address: Address) => void} arrived
 */
export function followAddress(arrived) {
  addEventListener("hashchange", () => arrived(parsed(location.hash)));
  arrived(parsed(location.hash));
}
