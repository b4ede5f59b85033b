// What the views need beside the streams: read when a view opens, and again when the overview says that it changed.

import { asksForLogin, wordsOf } from "./connection.js";
import { readiness } from "./login.js";
import { codebaseOf, sessionOf } from "./store.js";

/** @import { Ledger, ListedCodebase } from "../client/ledger.js" */
/** @import { View } from "./address.js" */
/** @import { State, Store } from "./store.js" */

/**
 * How something is read. `of`: what it is read for, or null where that isn't known yet; another text means another value.
 *
 * @typedef {{ of: (state: State) => string | null, read: (ledger: Ledger, state: State) => Promise<unknown> }} How
 */

const SOON = 150; // milliseconds in which changes are gathered before something is read again
const MOST = 100; // rows of a list that are read at once

/** @param {State} state */
const ofCodebase = (state) => codebaseOf(state)?.id ?? null;

/** @param {State} state */
const idOf = (state) => /** @type {ListedCodebase} */ (codebaseOf(state)).id;

/** @type {Record<string, How>} */
export const READINGS = {
  codebases: { of: () => "", read: (ledger) => ledger.codebases() },
  permissions: { of: () => "", read: (ledger) => ledger.permissions({ limit: MOST }) },
  service: { of: () => "", read: (ledger) => ledger.status() },
  ready: { of: () => "", read: () => readiness() },
  models: { of: () => "", read: (ledger) => ledger.models() },
  tasks: { of: () => "", read: board },
  sessions: { of: ofCodebase, read: (ledger, state) => ledger.codebase(idOf(state)).sessions({ limit: MOST, ...at(state) }) },
  queue: {
    of: ofCodebase,
    read: (ledger, state) => ledger.codebase(idOf(state)).tasks({ limit: MOST, order: "newest", ...at(state) }),
  },
  then: { of: ofCodebase, read: (ledger, state) => ledger.codebase(idOf(state)).status(at(state)) },
  search: {
    of: ({ address }) => (address.q.trim() ? address.q : null),
    read: (ledger, { address }) => ledger.search(address.q, { limit: 50 }),
  },
};

/** @param {State} state */
const at = ({ address }) => (address.at === null ? {} : { at: address.at });

/**
 * The newest tasks, and all queues: only a queue by itself has the places of its tasks.
 *
 * @param {Ledger} ledger
 * @param {State} state
 */
async function board(ledger, { codebases }) {
  const newest = await ledger.tasks({ limit: MOST });
  const waiting = newest.tasks.filter(({ status }) => status === "pending").map((task) => task.codebase_id);
  const queued = [...codebases.values()].filter(({ overview }) => overview.queued).map(({ id }) => id);
  const places = [];
  for (const id of new Set([...queued, ...waiting])) {
    places.push(...(await ledger.codebase(id).tasks({ limit: MOST, order: "queue" })).tasks);
  }
  const known = new Set(places.map(({ id }) => id));
  const others = newest.tasks.filter(({ id, status }) => !known.has(id) && status !== "pending");
  return { ...newest, tasks: [...places, ...others], total: newest.total - newest.tasks.length + places.length + others.length };
}

const ALWAYS = ["codebases", "permissions", "service", "ready"];

/** @type {Partial<Record<View, string[]>>} */
const NEEDED = {
  queue: ["tasks"],
  search: ["search"],
  session: ["sessions", "queue", "models"],
  sessions: ["sessions", "queue"],
  changes: ["sessions"],
  events: ["sessions"],
  proof: ["sessions"],
};

/** Reads what the views need. */
export class Readings {
  /**
   * @param {Store} store
   * @param {Ledger} ledger
   * @param {(name: string, value: any) => void} arrived called with each value, before it is shown
   */
  constructor(store, ledger, arrived) {
    this.store = store;
    this.ledger = ledger;
    this.arrived = arrived;
    /** @type {Set<string>} */
    this.stale = new Set();
    /** @type {Set<string>} */
    this.wanted = new Set();
    /** @type {ReturnType<typeof setTimeout> | null} */
    this.timer = null;
  }

  /** The names of what is needed now. */
  needed() {
    const { at: looked, codebase, view } = this.store.state.address;
    return [...ALWAYS, ...(NEEDED[view] ?? []), ...(looked !== null && codebase !== null ? ["then"] : [])];
  }

  /** Read what is missing for the view. */
  look() {
    for (const name of this.needed()) {
      const { state } = this.store;
      const of = how(name).of(state);
      const known = state.read[name];
      if (of !== null && (known?.of !== key(of, state) || (known.error && !known.reading))) this.begin(name);
    }
  }

  /**
   * Read these again, where they are needed; else when they are needed next.
   *
   * @param {string[]} names
   */
  again(...names) {
    const needed = new Set(this.needed());
    for (const name of names) {
      if (!needed.has(name)) delete this.store.state.read[name];
      else if (this.store.state.read[name]?.reading) this.stale.add(name);
      else if (how(name).of(this.store.state) !== null) this.begin(name);
    }
  }

  /**
   * As `again`, in a moment: changes that come together are read once.
   *
   * @param {string[]} names
   */
  soon(...names) {
    for (const name of names) this.wanted.add(name);
    if (!this.wanted.size || this.timer !== null) return;
    this.timer = setTimeout(() => {
      const wanted = [...this.wanted];
      this.timer = null;
      this.wanted.clear();
      this.again(...wanted);
    }, SOON);
  }

  /** @param {string} name */
  async begin(name) {
    const { state } = this.store;
    const of = key(/** @type {string} */ (how(name).of(state)), state);
    const before = state.read[name];
    const value = before?.of === of ? before.value : null;
    const reading = { of, value, error: before?.error ?? null, reading: true, at: before?.at ?? 0 };
    this.store.change(() => void (state.read[name] = reading));
    try {
      const answer = await how(name).read(this.ledger, state);
      if (state.read[name] !== reading) return;
      this.arrived(name, answer);
      this.store.change(() => Object.assign(reading, { value: answer, error: null, reading: false, at: Date.now() }));
    } catch (error) {
      if (asksForLogin(error)) this.store.change(() => void (state.login.needed = true));
      this.store.change(() => Object.assign(reading, { error: wordsOf(error), reading: false }));
    }
    if (this.stale.delete(name)) this.again(name);
  }
}

/** @param {string} name */
const how = (name) => /** @type {How} */ (READINGS[name]);

/**
 * @param {string} of
 * @param {State} state
 */
const key = (of, { address }) => (address.at === null ? of : `${of} at ${address.at}`);

/**
 * The session of the view as the list has it.
 *
 * @param {State} state
 */
export function sessionInfo(state) {
  const id = sessionOf(state);
  return state.read["sessions"]?.value?.sessions.find((/** @type {{id: string}} */ one) => one.id === id) ?? null;
}
