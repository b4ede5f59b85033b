// Finds the event that recorded an erasure, in the log of a codebase.

import { readLogPage } from "./log_page.js";

/**
 * Finds the event that erased another one: a codebase's events have ascending positions, so a few answers suffice.
 * @param {import("../../client/ledger.js").Ledger} ledger @returns {import("./check_erasure.js").FindErasure}
 */
export const findErasure = (ledger) => async (event, by) => {
  let first = event.sequence + 1;
  let last = event.sequence + by - event.position;
  for (let next = last; first <= last; next = Math.floor((first + last) / 2)) {
    const { events, head } = readLogPage(event.stream, await ledger.codebase(event.stream).logText({ after: next - 1, limit: 1 }));
    const found = events[0];
    if (found?.position === by) return found;
    if (found && found.position < by) first = next + 1;
    else last = Math.min(next - 1, head);
  }
  return null;
};
