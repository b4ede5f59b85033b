// The page's one state. Changes come from streams, answers and the person; all changes of a frame are shown at once.

import { HOME } from "./address.js";
import { emptyAudit } from "./audit_state.js";

/** @import * as m from "../client/ledger.js" */
/** @import { Address } from "./address.js" */
/** @import { Audit } from "./audit_state.js" */

const UNSEEN = 1000; // milliseconds between two pictures of a page that nobody sees, for which no frames come

/**
 * A list or a document that a view needs. `of`: what it was read for; `error`: why the last try to read it failed.
 *
 * @template T
 * @typedef {{ of: string, value: T | null, error: string | null, reading: boolean, at: number }} Reading
 */

/**
 * The session that is open. `events`: all that came of it so far, in order; the array only grows.
 *
 * @typedef {object} OpenSession
 * @property {string} codebase its codebase's id
 * @property {string} id
 * @property {m.AnyEvent[]} events
 * @property {boolean} ended whether its stream is over
 * @property {string | null} trouble why nothing comes at the moment
 */

/**
 * What the service is away for. `since` and `retryAt`: milliseconds, as `Date.now()` gives them.
 *
 * @typedef {{ reason: string, since: number, retryAt: number | null }} Away
 */

/**
 * @typedef {object} State
 * @property {Address} address
 * @property {number} now milliseconds; it moves once a second
 * @property {Away | null} away
 * @property {{ needed: boolean, known: boolean }} login
 * @property {Map<string, m.ListedCodebase>} codebases by id, in the order of their names
 * @property {boolean} listed whether the codebases were read at all
 * @property {OpenSession | null} session
 * @property {Record<string, Reading<any>>} read by the names in `readings.js`
 * @property {Set<string>} doing the commands that are under way
 * @property {Map<string, string>} troubles what went wrong, by what it came from
 * @property {{ words: string, label: string, run: () => void } | null} confirming a command that waits for a yes
 * @property {m.Task | null} editing the task whose text a person changes
 * @property {boolean} keysShown
 * @property {string | null} chosen the row that keys act on, in the view that has rows
 * @property {{ permission: NotificationPermission | "unsupported", on: boolean }} notices
 * @property {Audit} audit what this browser checked, and how that is shown
 */

/** @returns {State} */
export function emptyState() {
  return {
    address: HOME,
    now: Date.now(),
    away: null,
    login: { needed: false, known: false },
    codebases: new Map(),
    listed: false,
    session: null,
    read: {},
    doing: new Set(),
    troubles: new Map(),
    confirming: null,
    editing: null,
    keysShown: false,
    chosen: null,
    notices: { permission: "unsupported", on: false },
    audit: emptyAudit(),
  };
}

/** Keeps the state, and has it shown. */
export class Store {
  /** @param {(state: State) => void} show */
  constructor(show) {
    this.state = emptyState();
    this.show = show;
    /** @type {(() => void) | null} */
    this.planned = null;
  }

  /**
   * Change the state. What changes is shown with the next frame.
   *
   * @param {(state: State) => void} work
   */
  change(work) {
    work(this.state);
    if (!this.planned) this.plan();
  }

  plan() {
    const draw = () => {
      this.planned?.();
      this.planned = null;
      this.show(this.state);
    };
    const frame = requestAnimationFrame(draw);
    const unseen = setTimeout(draw, UNSEEN);
    this.planned = () => {
      cancelAnimationFrame(frame);
      clearTimeout(unseen);
    };
  }
}

/**
 * The codebases that the address may mean: the one with this id, else those with this name.
 *
 * @param {State} state
 * @returns {m.ListedCodebase[]}
 */
export function meantBy({ address, codebases }) {
  if (address.codebase === null) return [];
  const known = codebases.get(address.codebase);
  return known ? [known] : [...codebases.values()].filter((one) => one.name === address.codebase);
}

/**
 * The codebase that the address names. Null as well where several have its name: none of them is guessed.
 *
 * @param {State} state
 * @returns {m.ListedCodebase | null}
 */
export function codebaseOf(state) {
  const [only = null, ...others] = meantBy(state);
  return others.length ? null : only;
}

/**
 * What stands for a codebase in an address: its name, or its id where the name is another's name or id too.
 *
 * @param {State["codebases"]} codebases
 * @returns {(codebase: { id: string, name: string }) => string}
 */
export function linksOf(codebases) {
  /** @type {Map<string, string | null>} */
  const holders = new Map();
  for (const { id, name } of codebases.values()) holders.set(name, holders.has(name) ? null : id);
  return ({ id, name }) => (codebases.has(name) || (holders.has(name) && holders.get(name) !== id) ? id : name);
}

/**
 * Whether the view's session is the one that the codebase's agent works on, or worked on last. There is none before the first.
 *
 * @param {State} state
 */
export const isCurrent = (state) => sessionOf(state) === (codebaseOf(state)?.overview.session?.id ?? null);

/**
 * The session that the view is about: the address's own, else the codebase's last one.
 *
 * @param {State} state
 * @returns {string | null}
 */
export function sessionOf(state) {
  return state.address.session ?? codebaseOf(state)?.overview.session?.id ?? null;
}

/**
 * Whether commands make sense now: the service is there, and the view shows the present.
 *
 * @param {State} state
 */
export const mayAct = (state) => state.away === null && state.address.at === null;
