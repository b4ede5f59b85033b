// A page of the log with each event's exact data: `GET …/log` as a text becomes events that can be hashed and shown.

import { items, members } from "./exact_text.js";

/** @typedef {import("./check_event.js").ExactEvent & { data: Record<string, any> }} LoggedEvent */

/**
 * @param {string} stream the codebase's id @param {string} json the answer's text
 * @returns {{ events: LoggedEvent[], head: number, next: number | null }}
 */
export function readLogPage(stream, json) {
  const page = members(json);
  const events = items(page.get("events") ?? "[]").map((item) => eventIn(stream, item));
  return { events, head: numberIn(page.get("head")), next: page.get("next") === "null" ? null : numberIn(page.get("next")) };
}

/** @param {string} stream @param {string} json @returns {LoggedEvent} */
function eventIn(stream, json) {
  const parts = members(json);
  const text = parts.get("data") ?? "null";
  return {
    stream,
    sequence: numberIn(parts.get("sequence")),
    position: numberIn(parts.get("position")),
    type: String(JSON.parse(parts.get("type") ?? '""')),
    text,
    data: /** @type {Record<string, any>} */ (JSON.parse(text)) ?? {},
  };
}

/** @param {string | undefined} json */
function numberIn(json) {
  const number = Number(json);
  if (!Number.isSafeInteger(number)) throw new SyntaxError("The answer has no number where one belongs.");
  return number;
}
