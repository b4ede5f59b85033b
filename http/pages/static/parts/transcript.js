// A session as blocks that a person can read, made from its events, one after the other. Nothing is dropped: an event of a
// kind that isn't known, or that isn't as it should be, becomes a block too.

import { PASSED_OVER, TAKEN } from "./taken.js";
import { amount, nothingUsed } from "./usage.js";

/**
 * Something that happened. `number`: its first event. `version`: rises with every change. `owner`: the block that it is
 * within, for what a subagent did.
 * @typedef {{ id: string, kind: string, number: number, at: string, version: number, owner: Block | null } & Record<string, any>} Block
 */
/** What happened in order, of the agent or of one of its subagents. @typedef {{ blocks: Block[], owner: Block | null }} Branch */
/** @typedef {{ id: number, event: string, data: Record<string, any>, raw?: string }} Event */

export class Transcript {
  constructor() {
    /** @type {Branch} */
    this.root = { blocks: [], owner: null };
    /** @type {Set<Block>} */
    this.changed = new Set();
    this.last = 0;
    /** @type {{ number: number, block: Block }[]} */
    this.places = []; // which block each event became, or changed last
    this.state = "";
    this.reason = "";
    this.model = "";
    this.agent = "";
    this.began = "";
    this.used = nothingUsed();
    this.turn = { began: "", used: nothingUsed(), added: 0, removed: 0, files: new Set() };
    /** @type {Map<string, Block>} */
    this.texts = new Map();
    /** @type {Map<string, Block>} */
    this.calls = new Map();
    /** @type {Map<string, Block>} */
    this.asked = new Map();
    /** @type {Map<string, Block>} */
    this.sent = new Map();
    /** @type {Map<string, Block>} */
    this.imported = new Map();
    /** @type {Map<string, Branch>} */
    this.branches = new Map();
    /** @type {Block[]} */
    this.edits = [];
  }

  get blocks() {
    return this.root.blocks;
  }

  /** The requests that wait for an answer. */
  get waiting() {
    return [...this.asked.values()].filter((block) => !block.settled);
  }

  /** Take the next event. One that came before changes nothing. @param {Event} event */
  take(event) {
    if (event.id <= this.last) return;
    this.last = event.id;
    const taken = TAKEN.get(event.event);
    try {
      if (taken) taken(this, event.data, event);
      else if (!PASSED_OVER.has(event.event)) this.unknown(event, "");
    } catch (error) {
      this.unknown(event, String(error instanceof Error ? error.message : error));
    }
  }

  /** Where at the top an event is shown: in what it became or changed, else what the event before it did. @param {number} number */
  indexOf(number) {
    const place = this.places.findLast((one) => one.number <= number) ?? this.places[0];
    return place ? this.blocks.indexOf(ownersOf(place.block).at(-1) ?? place.block) : -1;
  }

  /** The blocks at the top that changed since this was last asked. */
  drain() {
    const changed = this.changed;
    this.changed = new Set();
    return changed;
  }

  /** @param {Event} event @param {string} why */
  unknown({ event, id, data, raw }, why) {
    this.add(this.root, "unknown", { data: { timestamp: data?.timestamp }, id }, { name: event, why, raw: raw ?? JSON.stringify(data) });
  }

  /** @param {Branch} branch @param {string} kind @param {{ data: Record<string, any>, id: number }} from @param {Record<string, any>} more @returns {Block} */
  add(branch, kind, { data, id }, more) {
    const at = typeof data.timestamp === "string" ? data.timestamp : "";
    const by = typeof data.by === "string" ? { by: data.by, via: data.via } : {};
    const erased = data.erased === undefined ? {} : { erased: data.erased };
    const block = { ...by, ...erased, ...more, id: `${id}-${branch.blocks.length}`, kind, number: id, at, version: 0, owner: branch.owner };
    branch.blocks.push(block);
    this.touch(block);
    return block;
  }

  /** @param {Block} block */
  touch(block) {
    const above = ownersOf(block);
    for (const one of [block, ...above]) one.version++;
    const before = this.places.at(-1);
    if (before?.number === this.last) before.block = block;
    else this.places.push({ number: this.last, block });
    this.changed.add(above.at(-1) ?? block);
  }

  /** Where an event's block goes: to the subagent's call, if a subagent did it. @param {Record<string, any>} data */
  branchOf(data) {
    const subagent = data.subagent;
    if (typeof subagent !== "string") return this.root;
    const known = this.branches.get(subagent);
    if (known) return known;
    const call = [...this.calls.values()].find((one) => one.agentKind === "subagent" && !one.inner && !one.ended && fits(one, null));
    const owner = call ?? this.add(this.root, "subagent", { data, id: this.last }, { subagent });
    return this.adopt(owner, subagent);
  }

  /** Give a call its subagent's branch, but never one that the call itself lies within. @param {Block} owner @param {string} subagent @returns {Branch} */
  adopt(owner, subagent) {
    const branch = this.branches.get(subagent) ?? { blocks: [], owner: null };
    const before = branch.owner;
    const others = /** @type {Branch | null} */ (owner.inner ?? null);
    if (before === owner || !fits(owner, branch) || (before && !fits(before, others))) return branch;
    const named = owner.subagent;
    if (before) this.own(before, others, named); // each had the other's
    else if (others) this.own(this.add(this.root, "subagent", { data: {}, id: this.last }, { subagent: named }), others, named);
    this.own(owner, branch, subagent);
    this.branches.set(subagent, branch);
    return branch;
  }

  /** @param {Block} owner @param {Branch | null} branch @param {string} [subagent] */
  own(owner, branch, subagent) {
    owner.inner = branch;
    owner.subagent = subagent;
    if (branch) branch.owner = owner;
    for (const block of branch?.blocks ?? []) block.owner = owner;
    this.touch(owner);
  }

  /** @param {Record<string, any>} used @param {number} sign */
  use({ tokens, cost }, sign = 1) {
    for (const sum of [this.used, this.turn.used]) {
      sum.input += sign * amount(tokens?.input);
      sum.output += sign * amount(tokens?.output);
      sum.reasoning += sign * amount(tokens?.reasoning);
      sum.cached += sign * (amount(tokens?.cache_read) + amount(tokens?.cache_write));
      sum.cost += sign * amount(cost);
    }
  }
}

const DEEPEST = 40; // blocks within each other

/** The blocks that a block is within, from the nearest to the one at the top. @param {Block} block */
export function ownersOf(block) {
  const owners = [];
  for (let one = block.owner; one && owners.length <= DEEPEST; one = one.owner) owners.push(one);
  return owners;
}

/** Whether a branch can be within a block: it isn't above it, and they aren't too deep together. @param {Block} owner @param {Branch | null} branch */
function fits(owner, branch) {
  const above = ownersOf(owner);
  if (branch?.owner && above.includes(branch.owner)) return false;
  return above.length + 1 + heightOf(branch) <= DEEPEST;
}

/** How many levels of blocks are within each other in a branch. @param {Branch | null} branch @returns {number} */
const heightOf = (branch) => (branch ? branch.blocks.reduce((most, { inner }) => (inner ? Math.max(most, 1 + heightOf(inner)) : most), 0) : 0);
