// Checks a log's newest checkpoint against a key and an earlier checkpoint that were kept outside the service.

import { CannotCheck } from "./browser_crypto.js";
import { events, fails, grouped, holds, notes } from "./findings.js";
import { hashFrom, same, toBase64 } from "./bytes.js";
import { isContinued } from "./merkle.js";
import { BadNote, readCheckpoint, readKey, sameKey } from "./signed_note.js";

/** @typedef {import("./findings.js").Finding} Finding */
/** @typedef {import("./findings.js").Verdict} Verdict */
/** @typedef {import("./signed_note.js").Key} Key */
/** @typedef {import("./signed_note.js").Checkpoint} Checkpoint */
/** @typedef {(from: number, to: number) => Promise<unknown>} AskConsistency */
/** @typedef {{ key: string, note: string, since: string }} Kept what was kept: a key, a checkpoint, and words for when */
/** @typedef {{ verdict: Verdict, findings: Finding[], key: Key | null, checkpoint: Checkpoint | null }} LogCheck */

/**
 * Check the newest checkpoint. Without anything kept, the verdict is at best `first`: there is nothing to compare with.
 * @param {{ key: string, note: string }} given @param {Kept | null} kept @param {AskConsistency} ask
 * @returns {Promise<LogCheck>}
 */
export async function checkLog(given, kept, ask) {
  /** @type {LogCheck} */
  const made = { verdict: "wrong", findings: [], key: null, checkpoint: null };
  try {
    const key = await readKey(given.key);
    const known = kept && (await readKey(kept.key));
    made.key = known ?? key;
    made.findings.push(keyFinding(key, known, kept?.since ?? ""));
    made.checkpoint = await readCheckpoint(given.note, made.key);
    made.findings.push(holds(`The checkpoint of ${events(made.checkpoint.size)} is signed with this key.`));
    if (kept) made.findings.push(...(await continuation(kept.note, kept.since, made.key, made.checkpoint, ask)));
    const fine = made.findings.every((finding) => finding.holds !== false);
    made.verdict = fine ? (kept ? "sound" : "first") : "wrong";
  } catch (error) {
    settle(made, error);
  }
  return made;
}

/** @param {{ verdict: Verdict, findings: Finding[] }} made @param {unknown} error */
export function settle(made, error) {
  if (!(error instanceof BadNote) && !(error instanceof CannotCheck)) throw error;
  made.verdict = error instanceof CannotCheck ? "unable" : "wrong";
  made.findings.push(fails(error.message));
}

/** @param {Key} key @param {Key | null} known @param {string} since */
function keyFinding(key, known, since) {
  if (!known) return notes(`The service's key is ${key.text}. Compare it with the key that you got in another way.`);
  if (sameKey(key, known)) return holds(`The key is the one that was kept ${since}.`);
  return fails(`The service names another key, ${key.text}. The one that was kept ${since} is ${known.text}.`);
}

/**
 * Whether the log at `checkpoint` only adds to the one that `note` fixes. Throws `BadNote`, `CannotCheck`.
 * @param {string} note @param {string} since @param {Key} key @param {Checkpoint} checkpoint @param {AskConsistency} ask
 * @returns {Promise<Finding[]>}
 */
export async function continuation(note, since, key, checkpoint, ask) {
  const old = await readCheckpoint(note, key);
  const before = `the checkpoint of ${events(old.size)} that was kept ${since}`;
  if (old.size > checkpoint.size) {
    return [fails(`Events are missing: the log has ${events(checkpoint.size)} now, and ${before} covers more.`)];
  }
  if (old.size === checkpoint.size) {
    return same(old.root, checkpoint.root)
      ? [holds(`The log is unchanged since ${before}.`)]
      : [fails(`The log was rewritten: it has as many events as ${before}, and another root.`)];
  }
  const proof = hashesIn(old.size === 0 ? { hashes: [] } : await ask(old.size, checkpoint.size));
  return proof && (await isContinued(old.size, checkpoint.size, proof, old.root, checkpoint.root))
    ? [holds(`The log of ${events(checkpoint.size)} begins with ${before}: nothing was changed, removed or moved.`)]
    : [fails(`The log does not continue ${before}: events were changed, removed, added or moved.`)];
}

/**
 * Compare what somebody kept elsewhere with the log as it is now. An export is at best `partly` sound: only its first line is read.
 * @param {import("./kept_file.js").KeptFile} kept @param {Key} key @param {Checkpoint} checkpoint @param {AskConsistency} ask
 */
export async function compareKept(kept, key, checkpoint, ask) {
  /** @type {{ verdict: Verdict, findings: Finding[] }} */
  const made = { verdict: "wrong", findings: [] };
  try {
    if (kept.kind !== "checkpoint") made.findings.push(sameAsKept(await readKey(kept.key), key));
    if (kept.kind !== "key") made.findings.push(...(await continuation(kept.note, "in this file", key, checkpoint, ask)));
    if (made.findings.every((finding) => finding.holds)) made.verdict = kept.kind === "export" ? "partly" : "sound";
    if (kept.kind === "export") made.findings.push(notes(UNCHECKED));
  } catch (error) {
    settle(made, error);
  }
  return made;
}

const UNCHECKED = "The events of an export are checked by: opencode-ledger audit verify FILE --key KEY";

/** @param {Key} kept @param {Key} key */
const sameAsKept = (kept, key) =>
  sameKey(kept, key)
    ? holds(`The key in this file is the one that signs this log: ${key.text}.`)
    : fails(`The key in this file is ${kept.text}, and another one signs this log: ${key.text}.`);

/**
 * The hashes of a proof; null where the answer has another form.
 * @param {unknown} answer
 */
export function hashesIn(answer) {
  const texts = /** @type {{ hashes?: unknown } | null} */ (answer)?.hashes;
  if (!Array.isArray(texts) || texts.length > 128) return null;
  const hashes = texts.map(hashFrom);
  return hashes.every((hash) => hash !== null) ? hashes : null;
}

/** The root of a checkpoint as people compare it. @param {Checkpoint} checkpoint */
export const rootOf = (checkpoint) => toBase64(checkpoint.root);

/** @param {LogCheck} check */
export function headline({ verdict, checkpoint, findings }) {
  const size = checkpoint ? grouped(checkpoint.size) : "";
  if (verdict === "sound") return `sound to ${size}`;
  if (verdict === "first") return `signed at ${size}, nothing earlier to compare`;
  const [worst] = findings.filter((finding) => finding.holds === false);
  return `${verdict === "wrong" ? "NOT SOUND" : "not checked"}: ${worst?.words ?? ""}`;
}
