// Signed notes and checkpoints in the C2SP formats `signed-note` and `tlog-checkpoint`, as domain/proofs/signed_notes.py reads them.

import { fromBase64, hashFrom, joined, same, toHex, utf8 } from "./bytes.js";
import { isSigned, sha256 } from "./browser_crypto.js";

/** This is not a signed note, or not one that can be trusted. The message is for people. */
export class BadNote extends Error {}

/** @typedef {Uint8Array<ArrayBuffer>} Bytes */
/** @typedef {{ name: string, id: string, public: Bytes, text: string }} Key */
/** @typedef {{ origin: string, size: number, root: Bytes, note: string }} Checkpoint */

const ED25519 = Uint8Array.of(1);
const ID = 4; // bytes of a key's id
const DASH = "— ";
const LONGEST_NOTE = 2 ** 16;

/**
 * Read a key: `name+id+key`. Its id must be the one that its name and bytes give. Throws `BadNote`.
 * @param {string} given @returns {Promise<Key>}
 */
export async function readKey(given) {
  const text = given.trim();
  const [name = "", id = "", ...rest] = text.split("+"); // base64 has plus signs of its own
  const raw = fromBase64(rest.join("+"));
  if (raw?.length !== 33 || raw[0] !== ED25519[0]) throw new BadNote("This is not an Ed25519 key.");
  if (!name || /\s/.test(name)) throw new BadNote("A key needs a name without blanks.");
  const bytes = raw.slice(1);
  const made = toHex((await sha256(joined(utf8(`${name}\n`), ED25519, bytes))).slice(0, ID));
  if (made !== id) throw new BadNote("The key and its id don't agree.");
  return { name, id, public: bytes, text };
}

/**
 * The text of a note, if `key` signed it. Other signatures are ignored. Throws `BadNote`.
 * @param {string} note @param {Key} key
 */
export async function openNote(note, key) {
  if (note.length > LONGEST_NOTE) throw new BadNote(`A note has at most ${LONGEST_NOTE} characters.`);
  const end = note.lastIndexOf("\n\n");
  const lines = note.slice(end + 2);
  if (end < 0 || !lines.endsWith("\n")) throw new BadNote("This is not a signed note.");
  const text = `${note.slice(0, end)}\n`;
  const signatures = lines.slice(0, -1).split("\n").map(signatureIn);
  for (const { name, id, signature } of signatures) {
    if (name === key.name && id === key.id && (await isSigned(key.public, signature, utf8(text)))) return text;
  }
  throw new BadNote(`The note carries no valid signature of ${key.name} with the key id ${key.id}.`);
}

/** @param {string} line */
function signatureIn(line) {
  const blank = line.indexOf(" ", DASH.length);
  const raw = fromBase64(line.slice(blank + 1));
  if (!line.startsWith(DASH) || blank <= DASH.length || !raw || raw.length <= ID) {
    throw new BadNote("A line of the signatures is malformed.");
  }
  return { name: line.slice(DASH.length, blank), id: toHex(raw.slice(0, ID)), signature: raw.slice(ID) };
}

/**
 * The checkpoint of a note that `key` signed, for the log that is named like the key. Throws `BadNote`.
 * @param {string} note @param {Key} key @returns {Promise<Checkpoint>}
 */
export async function readCheckpoint(note, key) {
  const [origin = "", size = "", encoded = ""] = (await openNote(note, key)).split("\n");
  const root = hashFrom(encoded);
  if (!origin || !/^(0|[1-9][0-9]{0,18})$/.test(size) || !root) throw new BadNote("This is not a checkpoint.");
  if (!Number.isSafeInteger(Number(size))) throw new BadNote("The checkpoint's size is beyond what this page can count.");
  if (origin !== key.name) throw new BadNote(`The checkpoint is for another log, ${origin}.`);
  return { origin, size: Number(size), root, note };
}

/** @param {Key} one @param {Key} other */
export const sameKey = (one, other) => one.name === other.name && same(one.public, other.public);
