// Moments of a session or a codebase: an event's number or a time, what lies before it, and the marks beside a slider.

/** @import { Recorded } from "./short_form.js" */
/** @typedef {"prompt" | "tool" | "approval" | "error"} TickKind */
/** @typedef {{ at: number, kind: TickKind }} Tick `at`: an event's number, or milliseconds */

/** @param {string} at */
export const isNumber = (at) => /^[0-9]{1,15}$/.test(at);

/** A time in milliseconds, as the service reads it: in UTC where no zone is named. NaN where it is none. @param {string} at */
export const timeIn = (at) => Date.parse(/T[^+-]*$/.test(at) && !/z$/i.test(at) ? `${at}Z` : at);

/**
 * The number of events up to a moment: those with at most this number, or until this time. All, where it is none.
 * @param {Recorded[]} events in order @param {string | null} at
 */
export function countUpTo(events, at) {
  if (at === null) return events.length;
  return isNumber(at) ? countByNumber(events, Number(at)) : countByTime(events, at);
}

/** @param {Recorded[]} events @param {number} number */
function countByNumber(events, number) {
  let [low, high] = [0, events.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (/** @type {Recorded} */ (events[middle]).id <= number) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Up to the last event that is not later: where the clock was set back, some before it may be. @param {Recorded[]} events @param {string} at */
function countByTime(events, at) {
  const time = timeIn(at);
  if (Number.isNaN(time)) return events.length;
  const limit = new Date(time).toISOString(); // as the events have it: texts compare faster than dates
  let count = events.length;
  while (count && /** @type {Recorded} */ (events[count - 1]).data["timestamp"] > limit) count--;
  return count;
}

/** @param {Recorded[]} events @param {string | null} at */
export const upTo = (events, at) => (at === null ? events : events.slice(0, countUpTo(events, at)));

/** @param {Recorded[]} events @param {string | null} since @param {string | null} at */
export const between = (events, since, at) => events.slice(since === null ? 0 : countUpTo(events, since), countUpTo(events, at));

/** @param {Recorded} event */
export const timeOf = ({ data }) => Date.parse(data.timestamp);

/** @param {Recorded} event @returns {TickKind | null} */
export function tickOf({ event, data }) {
  if (event === "message_sent") return "prompt";
  if (event === "tool_use") return "tool";
  if (event === "permission") return data.action === "answering" ? null : "approval";
  if (event === "error" || (event === "tool_result" && data.status === "error")) return "error";
  if (event === "complete" && data.status === "failed") return "error";
  return null;
}

/** What is drawn where several marks are at one place. @type {TickKind[]} */
const ORDER = ["tool", "prompt", "approval", "error"];

/**
 * The marks of events along a line with this number of places: at most one for each place, the gravest.
 * @param {Recorded[]} events @param {(event: Recorded) => number} placeOf from 0 to 1 @param {number} places
 * @returns {{ place: number, kind: TickKind }[]}
 */
export function ticks(events, placeOf, places = 400) {
  /** @type {Map<number, TickKind>} */
  const found = new Map();
  for (const event of events) {
    const kind = tickOf(event);
    if (!kind) continue;
    const place = Math.round(Math.min(Math.max(placeOf(event), 0), 1) * places);
    const known = found.get(place);
    if (!known || ORDER.indexOf(kind) > ORDER.indexOf(known)) found.set(place, kind);
  }
  return Array.from(found, ([place, kind]) => ({ place: place / places, kind })).sort((one, other) => one.place - other.place);
}

/**
 * The next event with a mark, before or after the one at a place of the list; null where there is none.
 * @param {Recorded[]} events @param {number} place @param {1 | -1} step
 */
export function nextMarked(events, place, step) {
  for (let at = place + step; at >= 0 && at < events.length; at += step) {
    const event = /** @type {Recorded} */ (events[at]);
    if (tickOf(event)) return event;
  }
  return null;
}
