// What this browser keeps of a log: its key and the newest checkpoint that was found sound. The service can't change it.

/** @typedef {{ key: string, note: string, at: number }} KeptLog `at`: milliseconds */

const name = (/** @type {string} */ root) => `opencode-ledger log ${root}`;

/**
 * @param {string} root the path of the service
 * @returns {KeptLog | null}
 */
export function keptLog(root) {
  try {
    const { key, note, at } = JSON.parse(localStorage.getItem(name(root)) ?? "null") ?? {};
    return typeof key === "string" && typeof note === "string" && typeof at === "number" ? { key, note, at } : null;
  } catch {
    return null; // something else put this there
  }
}

/** @param {string} root @param {KeptLog} kept */
export function keepLog(root, kept) {
  try {
    localStorage.setItem(name(root), JSON.stringify(kept));
  } catch {
    // A browser that keeps nothing compares with nothing the next time, and says so then.
  }
}

/** @param {string} root */
export const forgetLog = (root) => localStorage.removeItem(name(root));
