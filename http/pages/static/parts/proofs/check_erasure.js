// Checks what is left of an erased event. The log's tree holds the hash of what was there, and says nothing of what is
// left; the `erasure` event does, and it must be in the log itself.

import { CannotCheck, sha256 } from "./browser_crypto.js";
import { toHex, utf8 } from "./bytes.js";
import { fails, grouped, holds } from "./findings.js";
import { erasureIn } from "./leaf.js";
import { isBlank } from "./tombstone.js";

/** @typedef {import("./check_event.js").ExactEvent} ExactEvent */
/** @typedef {import("./check_event.js").EventCheck} EventCheck */
/** @typedef {(event: ExactEvent, by: number) => Promise<ExactEvent | null>} FindErasure the event at position `by`, of the same codebase */

const NOT_PROVED = "what is left isn't proved";

/**
 * Why no erasure of a log of this size can have left this; null where one can.
 * @param {ExactEvent} event @param {number} size
 */
export function cannotBeErased(event, size) {
  const by = erasureIn(event.text)?.by ?? 0;
  const at = `It names the event at position ${grouped(by)} as its erasure`;
  if (!(by > event.position)) return `${at}, which is not after it.`;
  if (by > size) return `${at}, which is beyond the log of ${grouped(size)}.`;
  if (event.type === "erasure") return "It is an erasure itself, and no erasure is ever erased.";
  return isBlank(event.text, event.type) ? null : "It says that it was erased, but it has content that no erasure leaves.";
}

/**
 * Whether an erasure in the signed log left exactly this.
 * @param {ExactEvent} event @param {number} size
 * @param {FindErasure} find @param {(event: ExactEvent) => Promise<boolean>} isInLog
 * @returns {Promise<EventCheck>}
 */
export async function checkErased(event, size, find, isInLog) {
  const why = cannotBeErased(event, size);
  if (why) return wrong(why);
  const by = erasureIn(event.text)?.by ?? 0;
  const at = `the event at position ${grouped(by)}`;
  const erasure = await find(event, by).catch(passed);
  if (erasure === undefined) return { ...wrong(`Its erasure, ${at}, could not be read: ${NOT_PROVED}.`), verdict: "unable" };
  if (erasure?.position !== by) return wrong(`Its erasure, ${at}, is not in the log of its codebase: ${NOT_PROVED}.`);
  if (erasure.type !== "erasure" || erasureIn(erasure.text)) return wrong(`It was not erased by ${at}, which records no erasure.`);
  if (!(await isInLog(erasure))) return wrong(`Its erasure as shown, ${at}, is not in the log signed at ${grouped(size)}.`);
  return (await isAsErased(event, tombstonesOf(erasure)))
    ? { verdict: "sound", findings: [holds(`Its content was erased by ${at}, which records exactly what is left.`)] }
    : wrong(`What is left of it is not what its erasure, ${at}, records.`);
}

/** @param {string} words @returns {EventCheck} */
const wrong = (words) => ({ verdict: "wrong", findings: [fails(words)] });

/** A request that failed leaves the erasure unread; a browser without cryptography is another matter. @param {unknown} error */
function passed(error) {
  if (error instanceof CannotCheck) throw error;
}

/** @param {ExactEvent} erasure @returns {Record<string, unknown>} */
function tombstonesOf({ text }) {
  const found = JSON.parse(text)?.tombstones;
  return typeof found === "object" && found !== null ? found : {};
}

/**
 * Whether what is left of an erased event is what the erasure recorded. The log's tree doesn't cover what is left.
 * @param {ExactEvent} event @param {Record<string, unknown>} tombstones by position, as the `erasure` event has them
 */
export async function isAsErased(event, tombstones) {
  const position = String(event.position);
  return Object.hasOwn(tombstones, position) && tombstones[position] === toHex(await sha256(utf8(event.text)));
}
