// What a check found: sentences for people, each with whether it holds. Nothing is "sound" because a server says so.

/** @typedef {{ holds: boolean | null, words: string }} Finding `holds`: null for what a person must look at */
// `partly`: all that was checked holds, but not all was checked.
/** @typedef {"sound" | "first" | "partly" | "wrong" | "unable"} Verdict */

export const holds = (/** @type {string} */ words) => ({ holds: true, words });
export const notes = (/** @type {string} */ words) => ({ holds: null, words });
export const fails = (/** @type {string} */ words) => ({ holds: false, words });

/** @param {number} number */
export const grouped = (number) => number.toLocaleString("en-US");

/** A number of things: `1 event`, `9,022 events`. @param {number} number @param {string} name */
export const counted = (number, name) => `${grouped(number)} ${name}${number === 1 ? "" : "s"}`;

/** @param {number} number */
export const events = (number) => counted(number, "event");
