// Looks through a codebase's log for what was erased: who erased it and why, and whether what is left is as recorded.

import { cannotBeErased, isAsErased } from "../parts/proofs/check_erasure.js";
import { erasureIn } from "../parts/proofs/leaf.js";
import { readLogPage } from "../parts/proofs/log_page.js";
import { wordsOf } from "./connection.js";

/** @import { Ledger } from "../client/ledger.js" */
/** @import { LoggedEvent } from "../parts/proofs/log_page.js" */
/** @import { Store } from "./store.js" */

/** @typedef {{ sequence: number, at: string, by: string, reason: string, count: number }} Erasure */
/**
 * What was found so far. `wrong`: the numbers of erased events that no erasure records as they are now.
 * @typedef {{ codebase: string, erasures: Erasure[], wrong: number[], done: number, head: number, looking: boolean, trouble: string | null }} Found
 */

const PART = 500;

/** Keeps what was found in the codebase that was looked through last. */
export class Erasures {
  /** @param {Store} store @param {Ledger} ledger */
  constructor(store, ledger) {
    this.store = store;
    this.ledger = ledger;
  }

  /** @param {string} codebase its id */
  look = async (codebase) => {
    /** @type {Found} */
    const found = { codebase, erasures: [], wrong: [], done: 0, head: 0, looking: true, trouble: null };
    this.store.change(({ audit }) => void (audit.erasures = found));
    const trouble = await this.through(found).then(() => null, wordsOf);
    this.store.change(() => void Object.assign(found, { looking: false, trouble }));
  };

  /** @param {Found} found */
  async through(found) {
    /** @type {LoggedEvent[]} */
    const left = [];
    /** @type {Record<string, unknown>} */
    const tombstones = Object.create(null);
    for (let next = /** @type {number | null} */ (0); next !== null; ) {
      if (this.store.state.audit.erasures !== found) return; // another codebase is looked through
      const page = readLogPage(found.codebase, await this.ledger.codebase(found.codebase).logText({ after: next, limit: PART }));
      for (const event of page.events) {
        if (event.type === "erasure") take(found, event, tombstones);
        else if (erasureIn(event.text)) left.push(event);
      }
      this.store.change(() => void Object.assign(found, { done: page.next ?? page.head, head: page.head }));
      next = page.next;
    }
    const fine = await Promise.all(left.map((event) => !cannotBeErased(event, Infinity) && isAsErased(event, tombstones)));
    this.store.change(() => void (found.wrong = left.filter((_, at) => !fine[at]).map(({ sequence }) => sequence)));
  }
}

/** @param {Found} found @param {LoggedEvent} event @param {Record<string, unknown>} tombstones */
function take(found, { sequence, data }, tombstones) {
  Object.assign(tombstones, data["tombstones"]);
  found.erasures.push({
    sequence,
    at: String(data["timestamp"]),
    by: String(data["erased_by"]),
    reason: String(data["reason"]),
    count: Object.keys(data["tombstones"] ?? {}).length,
  });
}
