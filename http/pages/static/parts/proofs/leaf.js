// The leaf of an event, from the exact text of its data: see domain/proofs/leaves.py and domain/erasure/tombstones.py.

import { toHex, utf8 } from "./bytes.js";
import { sha256 } from "./browser_crypto.js";
import { leafHash } from "./merkle.js";

const FORMAT = "opencode-ledger event v1";
const TOMBSTONE = /[,{]"erased":\{"by":([1-9][0-9]{0,18}),"sha256":"([0-9a-f]{64})"\}\}$/;

/**
 * The erasure in an event's data: the position of the event that records it, and the hash of what was there.
 * @param {string} text
 */
export function erasureIn(text) {
  const found = TOMBSTONE.exec(text.slice(-128));
  return found ? { by: Number(found[1]), digest: String(found[2]) } : null;
}

/**
 * The SHA-256 of an event's original data, in hexadecimal. A tombstone says it of itself: see check_erasure.js.
 * @param {string} text
 */
export async function digestOf(text) {
  return erasureIn(text)?.digest ?? toHex(await sha256(utf8(text)));
}

/**
 * The five lines that the log's tree holds for an event.
 * @param {{ stream: string, sequence: number, type: string, text: string }} event
 */
export async function entryOf({ stream, sequence, type, text }) {
  return `${FORMAT}\n${stream}\n${sequence}\n${type}\n${await digestOf(text)}\n`;
}

/** @param {{ stream: string, sequence: number, type: string, text: string }} event */
export const leafOf = async (event) => leafHash(utf8(await entryOf(event)));
