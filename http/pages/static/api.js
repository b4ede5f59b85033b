// The service's API as this page uses it: the project's own client, with the login of this browser.

import { Ledger } from "./ledger.js";

const ROOT = new URL("..", import.meta.url); // this file is one folder below the service, whatever prefix a proxy adds
const KEPT = `opencode-ledger ${ROOT.pathname}`;

/**
 * The login: a cookie that no script can read, and a key that commands need beside it. The key is kept for this service
 * alone, and for all tabs.
 */
export const login = {
  known: () => localStorage.getItem(KEPT) !== null,
  forget: () => localStorage.removeItem(KEPT),

  async start(token) {
    const { page_key: key } = await ask("POST", "/login", { token });
    localStorage.setItem(KEPT, key);
  },

  async end() {
    await ask("POST", "/logout", {});
    login.forget();
  },
};

function fromThePage(address, { headers, ...init } = {}) {
  const key = localStorage.getItem(KEPT);
  return fetch(address, { ...init, headers: key ? { ...headers, "X-Ledger-Page": key } : headers });
}

// A person sees at once what failed, and the page asks again by itself: nothing is repeated here.
const ledger = new Ledger({ url: ROOT, fetch: fromThePage, patience: 0 });

/** One request; the answer's JSON. Throws `LedgerApiError`, with `status` and `code`. */
export const ask = (method, path, body) => ledger.request(method, path, body);

/**
 * Hand every event of a session to `take`, until `signal` says that it is enough. `trouble` is called with the reason while
 * there is no connection, and with null when there is one again.
 */
export async function follow(codebase, session, take, trouble, signal) {
  const onTrouble = (reason) => trouble(reason && reason.message);
  try {
    for await (const event of ledger.codebase(codebase).events({ session, signal, onTrouble })) take(event);
  } catch (error) {
    trouble(error.message);
  }
}
