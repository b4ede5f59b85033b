// Reads a codebase's log a page at a time, for the list of events. What was read stays.

import { isNumber, timeIn, timeOf } from "../parts/moments.js";
import { readLogPage } from "../parts/proofs/log_page.js";
import { wordsOf } from "./connection.js";

/** @import { Ledger } from "../client/ledger.js" */
/** @import { Recorded } from "../parts/short_form.js" */
/** @import { Store } from "./store.js" */

/**
 * A part of a codebase's log without holes. `first`: the number before its first event. `of`: the two moments that it was
 * read for, where it was read for two moments.
 * @typedef {{ codebase: string, of: string | null, first: number, events: Recorded[], head: number, reading: boolean, trouble: string | null }} Range
 */

/**
 * How events are listed. `whole`: those of the codebase, not of the session alone. `kind`: only these, if not empty. `from`:
 * the place of the first one on the list; null for the last ones. `open`: those whose JSON is shown.
 * @typedef {{ whole: boolean, kind: string, from: number | null, open: Set<number> }} Table
 */

export const PART = 500; // events that are read at once
const MOST = 20_000; // events between two moments

/** Keeps the range that the list shows. */
export class LogTable {
  /** @param {Store} store @param {Ledger} ledger */
  constructor(store, ledger) {
    this.store = store;
    this.ledger = ledger;
  }

  /** @param {Partial<Table>} changes */
  show = (changes) => this.store.change(({ audit }) => void Object.assign(audit.table, changes));

  /** @param {number} number */
  open = (number) =>
    this.store.change(({ audit: { table } }) => {
      if (!table.open.delete(number)) table.open.add(number);
    });

  /** Read the newest part of a codebase's log. @param {string} codebase its id */
  newest = (codebase) =>
    this.read(codebase, null, async (range) => {
      const { head } = await this.page(codebase, 0, 1);
      const first = Math.max(0, head - PART);
      Object.assign(range, { ...(await this.page(codebase, first, PART)), first });
    });

  /** Read the part of a codebase's log with this event. @param {string} codebase its id @param {number} number */
  around = (codebase, number) =>
    this.read(codebase, null, async (range) => {
      const first = Math.max(0, number - PART / 2);
      Object.assign(range, { ...(await this.page(codebase, first, PART)), first });
    });

  /** Read what comes before. @param {string} codebase */
  earlier = (codebase) =>
    this.more(codebase, async (range) => {
      const first = Math.max(0, range.first - PART);
      const before = await this.part(codebase, first, range.first);
      Object.assign(range, { first, events: [...before, ...range.events] });
    });

  /** Read what came since. @param {string} codebase */
  later = (codebase) =>
    this.more(codebase, async (range) => {
      const { events, head } = await this.page(codebase, range.first + range.events.length, PART);
      Object.assign(range, { head, events: [...range.events, ...events] });
    });

  /**
   * Read what was recorded between two moments, at most `MOST` events of it.
   * @param {string} codebase @param {string | null} since @param {string | null} until
   */
  between = (codebase, since, until) =>
    this.read(codebase, `${since} ${until}`, async (range) => {
      const { head } = await this.page(codebase, 0, 1);
      const first = await this.countUpTo(codebase, since ?? "0", head);
      const last = until === null ? head : await this.countUpTo(codebase, until, head);
      const events = await this.part(codebase, first, Math.min(last, first + MOST));
      Object.assign(range, { first, events, head });
      if (last - first > MOST) throw new Error(`The first ${MOST} of ${last - first} events were read. Choose a shorter time.`);
    });

  /** How many events of the log come up to a moment. @param {string} codebase @param {string} moment @param {number} head */
  async countUpTo(codebase, moment, head) {
    if (isNumber(moment)) return Math.min(Number(moment), head);
    const limit = timeIn(moment);
    let [low, high] = [0, head];
    while (low < high) {
      const middle = (low + high) >> 1;
      const [event] = (await this.page(codebase, middle, 1)).events;
      if (event && timeOf(event) <= limit) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Read another part; what is read for an earlier one is dropped when it comes. @param {string} codebase @param {string | null} of @param {(range: Range) => Promise<void>} work */
  read(codebase, of, work) {
    /** @type {Range} */
    const range = { codebase, of, first: 0, events: [], head: 0, reading: true, trouble: null };
    return this.finish(range, work);
  }

  /** Read more of the same part. @param {string} codebase @param {(range: Range) => Promise<void>} work */
  async more(codebase, work) {
    const { range } = this.store.state.audit;
    if (range?.codebase === codebase && !range.reading) await this.finish(range, work);
  }

  /** @param {Range} range @param {(range: Range) => Promise<void>} work */
  async finish(range, work) {
    this.store.change(({ audit }) => void (audit.range = Object.assign(range, { reading: true, trouble: null })));
    const trouble = await work(range).then(() => null, wordsOf);
    this.store.change(() => void Object.assign(range, { reading: false, trouble }));
  }

  /** Events after `from` up to number `to`; the service may give fewer at once than asked. @param {string} codebase @param {number} from @param {number} to */
  async part(codebase, from, to) {
    /** @type {Recorded[]} */
    const found = [];
    while (from + found.length < to) {
      const { events } = await this.page(codebase, from + found.length, to - from - found.length);
      if (!events.length) throw new Error("The log ends before it should.");
      found.push(...events);
    }
    return found;
  }

  /** @param {string} codebase @param {number} after @param {number} limit */
  async page(codebase, after, limit) {
    const page = readLogPage(codebase, await this.ledger.codebase(codebase).logText({ after, limit }));
    return { events: page.events.map(({ sequence, type, data, text }) => ({ id: sequence, event: type, data, raw: text })), head: page.head };
  }
}
