// The Merkle tree of RFC 6962, as domain/proofs/merkle.py defines it: hashes, and proofs that are checked.

import { joined, same } from "./bytes.js";
import { sha256 } from "./browser_crypto.js";

/** @typedef {Uint8Array<ArrayBuffer>} Hash */

const LEAF = Uint8Array.of(0);
const NODE = Uint8Array.of(1); // neither a leaf nor a node can be taken for the other

/** @param {Uint8Array} entry */
export const leafHash = (entry) => sha256(joined(LEAF, entry));

/** @param {Hash} left @param {Hash} right */
export const nodeHash = (left, right) => sha256(joined(NODE, left, right));

export const emptyRoot = () => sha256(new Uint8Array());

const half = (/** @type {number} */ number) => Math.floor(number / 2); // shifts would cut numbers beyond 32 bits
const odd = (/** @type {number} */ number) => number % 2 === 1;
const whole = (/** @type {number} */ number) => Number.isSafeInteger(number);

/** The way from a leaf to the root: the leaf's place, and that of the last leaf, on each level. */
class Climb {
  /** @param {number} place @param {number} last */
  constructor(place, last) {
    this.place = place;
    this.last = last;
  }

  get atRoot() {
    return this.last === 0;
  }

  up() {
    this.place = half(this.place);
    this.last = half(this.last);
  }

  /** Whether the next hash belongs to the left. If so, levels without a sibling are skipped. */
  leftward() {
    if (!odd(this.place) && this.place !== this.last) return false;
    while (!odd(this.place) && this.place) this.up();
    return true;
  }
}

/**
 * Whether the proof shows that the leaf of this hash is at `index` (from 0) in the tree of this size and root.
 * @param {Hash} leaf @param {number} index @param {number} size @param {Hash[]} proof @param {Hash} root
 */
export async function isIncluded(leaf, index, size, proof, root) {
  if (!whole(index) || !whole(size) || index < 0 || index >= size) return false;
  const climb = new Climb(index, size - 1);
  let found = leaf;
  for (const beside of proof) {
    if (climb.atRoot) return false;
    found = climb.leftward() ? await nodeHash(beside, found) : await nodeHash(found, beside);
    climb.up();
  }
  return climb.atRoot && same(found, root);
}

/**
 * Whether the proof shows that the tree of `size` leaves only adds to the tree of `oldSize` leaves.
 * @param {number} oldSize @param {number} size @param {Hash[]} proof @param {Hash} oldRoot @param {Hash} root
 */
export async function isContinued(oldSize, size, proof, oldRoot, root) {
  if (!whole(oldSize) || !whole(size) || oldSize < 0 || oldSize > size) return false;
  if (oldSize === 0) return !proof.length && same(oldRoot, await emptyRoot());
  if (oldSize === size) return !proof.length && same(oldRoot, root);
  const [first, ...path] = isPowerOfTwo(oldSize) ? [oldRoot, ...proof] : proof;
  if (!first) return false;
  const climb = new Climb(oldSize - 1, size - 1);
  while (odd(climb.place)) climb.up();
  let before = first;
  let after = first;
  for (const beside of path) {
    if (climb.atRoot) return false;
    if (climb.leftward()) {
      before = await nodeHash(beside, before);
      after = await nodeHash(beside, after);
    } else {
      after = await nodeHash(after, beside);
    }
    climb.up();
  }
  return climb.atRoot && same(before, oldRoot) && same(after, root);
}

/** @param {number} number */
function isPowerOfTwo(number) {
  let rest = number;
  while (rest > 1 && !odd(rest)) rest = half(rest);
  return rest === 1;
}
