// The page's streams: the overview of all codebases, and the events of the open session. One of each, never more.

import { LedgerApiError } from "../client/ledger.js";

/** @import { Ledger, OverviewEvent } from "../client/ledger.js" */
/** @import { State, Store } from "./store.js" */

const AGAIN = 5000; // milliseconds after which a stream that failed for another reason than its connection begins again
const LOGIN = new Set(["unauthorized", "not_from_the_page"]);

/**
 * Whether an error means that the person must sign in.
 *
 * @param {unknown} error
 */
export const asksForLogin = (error) => error instanceof LedgerApiError && LOGIN.has(error.code);

/** @param {unknown} error */
export const wordsOf = (error) => (error instanceof Error ? error.message : String(error));

/** Follows the streams and puts into the store what they bring. */
export class Connection {
  /**
   * @param {Store} store
   * @param {Ledger} ledger
   * @param {(event: OverviewEvent) => void} overview called with each overview, before it is shown
   */
  constructor(store, ledger, overview) {
    this.store = store;
    this.ledger = ledger;
    this.overview = overview;
    this.overviews = new AbortController();
    this.session = new AbortController();
    /** @type {() => void} */
    this.returned = () => {};
  }

  /** Begin with the overviews, or begin again at once. */
  start() {
    this.overviews.abort();
    this.overviews = new AbortController();
    this.watch(this.overviews.signal);
  }

  /** @param {AbortSignal} signal */
  async watch(signal) {
    const onTrouble = (/** @type {Error | null} */ reason, /** @type {number | undefined} */ pause) =>
      this.trouble(reason && reason.message, pause ?? null);
    try {
      for await (const event of this.ledger.overview({ signal, onTrouble })) {
        if (this.store.state.away) this.trouble(null, null);
        this.overview(event);
      }
    } catch (error) {
      if (asksForLogin(error)) return this.store.change((state) => void (state.login.needed = true));
      this.trouble(wordsOf(error), AGAIN);
    }
    if (!signal.aborted) setTimeout(() => signal.aborted || this.watch(signal), AGAIN);
  }

  /**
   * @param {string | null} reason
   * @param {number | null} pause
   */
  trouble(reason, pause) {
    const was = this.store.state.away;
    const now = Date.now();
    const retryAt = pause === null ? null : now + pause;
    this.store.change((state) => void (state.away = reason === null ? null : { reason, since: was?.since ?? now, retryAt }));
    if (was && reason === null) this.returned();
  }

  /**
   * Open a session, or none.
   *
   * @param {string | null} codebase its id
   * @param {string | null} id
   */
  open(codebase, id) {
    const { session } = this.store.state;
    if ((session?.id ?? null) === id && (id === null || session?.codebase === codebase)) return;
    this.session.abort();
    this.session = new AbortController();
    const opened = codebase === null || id === null ? null : { codebase, id, events: [], ended: false, trouble: null };
    this.store.change((state) => void (state.session = opened));
    if (opened) this.follow(opened, this.session.signal);
  }

  /**
   * @param {NonNullable<State["session"]>} session
   * @param {AbortSignal} signal
   */
  async follow(session, signal) {
    const say = (/** @type {string | null} */ trouble) => this.store.change(() => void (session.trouble = trouble));
    const onTrouble = (/** @type {Error | null} */ reason) => say(reason && reason.message);
    try {
      const events = this.ledger.codebase(session.codebase).events({ session: session.id, after: 0, signal, onTrouble });
      for await (const event of events) this.store.change(() => void session.events.push(event));
      this.store.change(() => void (session.ended = true));
    } catch (error) {
      if (!signal.aborted) say(wordsOf(error));
    }
  }
}
