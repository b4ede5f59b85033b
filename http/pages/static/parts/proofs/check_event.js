// Checks that an event is in the log that a checkpoint fixes: "event 62 is in the log signed at 9,022".

import { checkErased } from "./check_erasure.js";
import { settle, hashesIn } from "./check_log.js";
import { events, fails, grouped, holds } from "./findings.js";
import { erasureIn, leafOf } from "./leaf.js";
import { isIncluded } from "./merkle.js";

/** @typedef {import("./findings.js").Finding} Finding */
/** @typedef {import("./signed_note.js").Checkpoint} Checkpoint */
/**
 * @typedef {{ stream: string, sequence: number, position: number, type: string, text: string }} ExactEvent
 * `text`: the event's data, exactly as recorded. `position`: its place in the whole log, from 1.
 */
/** @typedef {{ verdict: import("./findings.js").Verdict, findings: Finding[] }} EventCheck */

/**
 * @param {ExactEvent} event @param {Checkpoint} checkpoint
 * @param {(position: number, size: number) => Promise<unknown>} ask for the proof
 * @param {import("./check_erasure.js").FindErasure} find the event that erased this one
 * @returns {Promise<EventCheck>}
 */
export async function checkEvent(event, checkpoint, ask, find) {
  /** @type {EventCheck} */
  const made = { verdict: "wrong", findings: [] };
  const name = `Event ${grouped(event.sequence)}`;
  if (event.position > checkpoint.size) {
    made.verdict = "unable";
    made.findings.push(fails(`${name} is not covered yet: it came after the checkpoint of ${events(checkpoint.size)}.`));
    return made;
  }
  try {
    const isInLog = (/** @type {ExactEvent} */ one) => isCovered(one, checkpoint, ask);
    const fine = await isInLog(event);
    made.verdict = fine ? "sound" : "wrong";
    made.findings.push(
      fine
        ? holds(`${name} is in the log signed at ${grouped(checkpoint.size)}, at position ${grouped(event.position)}.`)
        : fails(`${name} as shown is not at position ${grouped(event.position)} of the log signed at ${grouped(checkpoint.size)}.`),
    );
    if (fine && erasureIn(event.text)) {
      const erased = await checkErased(event, checkpoint.size, find, isInLog);
      made.verdict = erased.verdict;
      made.findings = erased.verdict === "sound" ? [...made.findings, ...erased.findings] : erased.findings;
    }
  } catch (error) {
    settle(made, error);
  }
  return made;
}

/**
 * Whether an event's leaf is at its place in the log that the checkpoint fixes.
 * @param {ExactEvent} event @param {Checkpoint} checkpoint @param {(position: number, size: number) => Promise<unknown>} ask
 */
async function isCovered(event, { size, root }, ask) {
  const leaf = await leafOf(event);
  const proof = hashesIn(await ask(event.position, size));
  return proof !== null && isIncluded(leaf, event.position - 1, size, proof, root);
}
