// The codebases with their overviews, and what has to be read again when an overview changes.

import { codebaseOf } from "./store.js";

/** @import { ListedCodebase, Overview, OverviewEvent } from "../client/ledger.js" */
/** @import { Readings } from "./readings.js" */
/** @import { Store } from "./store.js" */

/** Keeps the codebases of the state. */
export class Overviews {
  /** @param {Store} store */
  constructor(store) {
    this.store = store;
    /** @type {Map<string, { name: string, overview: Overview }>} newer than the list, from the stream */
    this.streamed = new Map();
  }

  /** The list was read. The stream's states are newer. @param {ListedCodebase[]} all */
  listed(all) {
    this.store.change((state) => {
      state.codebases = new Map(all.map((one) => [one.id, { ...one, ...this.streamed.get(one.id) }]));
      state.listed = true;
    });
  }

  /** @param {OverviewEvent} event @param {Readings} readings */
  take({ data: { codebase, overview } }, readings) {
    const { id, name } = codebase;
    const { codebases } = this.store.state;
    const here = codebaseOf(this.store.state)?.id === id;
    const known = codebases.get(id);
    if (overview) this.streamed.set(id, { name, overview });
    else this.streamed.delete(id);
    this.store.change(() => {
      if (!overview) codebases.delete(id);
      else if (known) codebases.set(id, { ...known, name, overview });
    });
    readings.soon(...changed(known, overview, here));
  }
}

/**
 * The readings that an overview makes stale.
 *
 * @param {ListedCodebase | undefined} known
 * @param {Overview | null} overview
 * @param {boolean} here whether the view is about this codebase
 */
function changed(known, overview, here) {
  const before = known?.overview;
  const names = overview && !known ? ["codebases"] : [];
  // What waits may change while its number stays, since a reader only gets the latest state.
  if (before?.waiting || overview?.waiting) names.push("permissions");
  const worked = before?.queued !== overview?.queued || before?.session?.status !== overview?.session?.status;
  const other = before?.session?.id !== overview?.session?.id;
  if (worked || other) names.push("tasks", ...(here ? ["queue"] : []));
  if (here && (worked || other || before?.tokens.output !== overview?.tokens.output)) names.push("sessions");
  return names;
}
