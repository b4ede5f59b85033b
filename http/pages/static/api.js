// The service's API as this page uses it: the project's own client, with the token of this tab.

import { Ledger } from "./ledger.js";

/** The token is kept for as long as this tab lives, and nowhere else. */
export const token = {
  get: () => sessionStorage.getItem("token"),
  set: (value) => sessionStorage.setItem("token", value),
};

// A person sees at once what failed, and the page asks again by itself: nothing is repeated here.
const ledger = new Ledger({ url: new URL("..", import.meta.url), token: token.get, patience: 0 });

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
