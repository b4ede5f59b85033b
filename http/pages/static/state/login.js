// The project's own client, with the login of this browser.

import { Ledger } from "../client/ledger.js";

/** The service: this file is two folders below it, whatever prefix a proxy adds. */
export const ROOT = new URL("../..", import.meta.url);
const KEPT = `opencode-ledger ${ROOT.pathname}`;

/**
 * @param {RequestInfo | URL} address
 * @param {RequestInit} [init]
 */
function fromThePage(address, { headers, ...init } = {}) {
  const key = localStorage.getItem(KEPT);
  const sent = new Headers(headers);
  if (key) sent.set("X-Ledger-Page", key);
  return fetch(address, { ...init, headers: sent });
}

/** The client. A person sees at once what failed, and the page asks again by itself: nothing is repeated here. */
export const ledger = new Ledger({ url: ROOT, fetch: fromThePage, patience: 0 });

/**
 * Whether the service is ready, also where it says that it isn't. The client leaves this address to supervisors.
 *
 * @returns {Promise<import("../client/ledger.js").Ready>}
 */
export async function readiness() {
  const answer = await fromThePage(new URL("readyz", ROOT), { cache: "no-store" });
  const said = await answer.json();
  if (typeof said.position !== "number") throw new Error(said.detail ?? `The service answers with the status ${answer.status}.`);
  return said;
}

/**
 * The login: a cookie that no script can read, and a key that commands need beside it. The key is kept for this service
 * alone, and for all tabs.
 */
export const login = {
  known: () => localStorage.getItem(KEPT) !== null,
  forget: () => localStorage.removeItem(KEPT),

  /** @param {string} token */
  async start(token) {
    const answer = /** @type {{ page_key: string }} */ (await ledger.request("POST", "/login", { token }));
    localStorage.setItem(KEPT, answer.page_key);
  },

  async end() {
    await ledger.request("POST", "/logout", {});
    login.forget();
  },
};
