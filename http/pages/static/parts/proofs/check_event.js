// Checks that an event is in the log that a checkpoint fixes: "event 62 is in the log signed at 9,022".

import { settle, hashesIn } from "./check_log.js";
import { events, fails, grouped, holds } from "./findings.js";
import { erasureIn, leafOf } from "./leaf.js";
import { isIncluded } from "./merkle.js";
import { toHex, utf8 } from "./bytes.js";
import { sha256 } from "./browser_crypto.js";

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
 * @returns {Promise<EventCheck>}
 */
export async function checkEvent(event, checkpoint, ask) {
  /** @type {EventCheck} */
  const made = { verdict: "wrong", findings: [] };
  const name = `Event ${grouped(event.sequence)}`;
  if (event.position > checkpoint.size) {
    made.verdict = "unable";
    made.findings.push(fails(`${name} is not covered yet: it came after the checkpoint of ${events(checkpoint.size)}.`));
    return made;
  }
  try {
    const leaf = await leafOf(event);
    const proof = hashesIn(await ask(event.position, checkpoint.size));
    const fine = proof && (await isIncluded(leaf, event.position - 1, checkpoint.size, proof, checkpoint.root));
    made.verdict = fine ? "sound" : "wrong";
    made.findings.push(
      fine
        ? holds(`${name} is in the log signed at ${grouped(checkpoint.size)}, at position ${grouped(event.position)}.`)
        : fails(`${name} as shown is not at position ${grouped(event.position)} of the log signed at ${grouped(checkpoint.size)}.`),
    );
    const erased = erasureIn(event.text);
    if (fine && erased) made.findings.push(holds(`Its content was erased by the event at position ${grouped(erased.by)}.`));
  } catch (error) {
    settle(made, error);
  }
  return made;
}

/**
 * Whether what is left of an erased event is what the erasure recorded. The log's tree doesn't cover what is left.
 * @param {ExactEvent} event @param {Record<string, unknown>} tombstones by position, as the `erasure` event has them
 */
export async function isAsErased(event, tombstones) {
  const position = String(event.position);
  return Object.hasOwn(tombstones, position) && tombstones[position] === toHex(await sha256(utf8(event.text)));
}
