// The line that a timeline shows: a session by its events, one place for each; a codebase by the clock.

import { countUpTo, isNumber, timeIn, timeOf } from "../parts/moments.js";
import { codebaseOf } from "../state/store.js";

/** @import { Recorded } from "../parts/short_form.js" */
/** @import { State } from "../state/store.js" */

/**
 * @typedef {object} TimeLine
 * @property {number} from
 * @property {number} to
 * @property {number} step
 * @property {Recorded[]} events those with marks
 * @property {(event: Recorded) => number} placeOf where an event's mark is, from 0 to 1
 * @property {(moment: string | null, end: "since" | "at") => number} valueOf the place of a moment; null: the end or the beginning
 * @property {(value: number, end: "since" | "at") => string | null} momentOf the moment of a place; null: now
 * @property {(event: Recorded) => string} momentOfEvent
 * @property {(moment: string | null) => number} indexOf the place in `events` of the last one up to a moment; -1: none
 * @property {(value: number) => { time: number | null, event: Recorded | null, count: number }} said what is at a place
 * @property {(moment: string, later?: boolean) => boolean} covers whether a moment is between its beginning and its end; `later`: or after it
 * @property {() => string} first the moment of the beginning
 * @property {() => string} last the moment of the end
 */

/**
 * The line for the view that is open, or null where there is nothing to look back to.
 * @param {State} state @returns {TimeLine | null}
 */
export function lineOf(state) {
  if (!codebaseOf(state)) return null;
  if (state.address.view === "sessions") return ofCodebase(state);
  const events = /** @type {Recorded[]} */ (state.session?.events ?? []);
  return events.length ? ofSession(events) : null;
}

/** @param {Recorded[]} events @returns {TimeLine} */
function ofSession(events) {
  const count = events.length;
  const at = (/** @type {number} */ value) => events[Math.min(value, count) - 1] ?? null;
  const numberOf = (/** @type {number} */ value) => String(at(value)?.id ?? events[0]?.id ?? 1);
  return {
    from: 1,
    to: count,
    step: 1,
    events,
    placeOf: (event) => (count < 2 ? 1 : (countUpTo(events, String(event.id)) - 1) / (count - 1)),
    valueOf: (moment, end) => (moment === null ? (end === "at" ? count : 1) : Math.max(1, countUpTo(events, moment))),
    momentOf: (value, end) => (end === "at" && value >= count ? null : numberOf(value)),
    momentOfEvent: (event) => String(event.id),
    covers: (moment, later = false) => countUpTo(events, moment) > 0 && (later || isNumber(moment) || timeIn(moment) <= timeOf(/** @type {Recorded} */ (events[count - 1]))),
    indexOf: (moment) => countUpTo(events, moment) - 1,
    said: (value) => ({ time: at(value) ? timeOf(/** @type {Recorded} */ (at(value))) : null, event: at(value), count: events.at(-1)?.id ?? 0 }),
    first: () => numberOf(1),
    last: () => numberOf(count),
  };
}

const SECOND = 1000;

/** @param {State} state @returns {TimeLine | null} */
function ofCodebase(state) {
  const events = marksOf(state);
  const begin = events.length ? Math.min(...events.map(timeOf)) : Number.NaN;
  if (Number.isNaN(begin)) return null;
  const from = Math.floor(begin / SECOND);
  const to = Math.max(Math.ceil(state.now / SECOND), from + 1);
  const seconds = (/** @type {string} */ moment) => Math.floor(timeIn(moment) / SECOND);
  const valueOf = (/** @type {string | null} */ moment, /** @type {"since" | "at"} */ end) => {
    if (moment === null) return end === "at" ? to : from;
    const value = isNumber(moment) ? (timeOfNumber(state, Number(moment)) ?? to) : seconds(moment);
    return Math.min(Math.max(value, from), to);
  };
  const iso = (/** @type {number} */ value) => new Date(value * SECOND).toISOString();
  return {
    from,
    to,
    step: 1,
    events,
    placeOf: (event) => (timeOf(event) / SECOND - from) / (to - from),
    valueOf,
    momentOf: (value, end) => (end === "at" && value >= to - 1 ? null : iso(value)),
    covers: () => true,
    momentOfEvent: (event) => new Date(timeOf(event)).toISOString(),
    indexOf: (moment) => (moment === null ? events.length : countUpTo(events, iso(valueOf(moment, "at")))) - 1,
    said: (value) => ({ time: value * SECOND, event: null, count: events.length }),
    first: () => iso(from),
    last: () => iso(to),
  };
}

/** The time of an event of the codebase, in seconds, where it is known. @param {State} state @param {number} number */
function timeOfNumber({ audit }, number) {
  const event = audit.range?.events.find(({ id }) => id === number);
  return event ? timeOf(event) / SECOND : null;
}

/**
 * What is known of a codebase's past: its log, as far as it was read, and the beginnings and ends of its sessions.
 * @param {State} state
 */
function marksOf(state) {
  const { range } = state.audit;
  const known = range?.codebase === codebaseOf(state)?.id ? (range?.events ?? []) : [];
  const [first, last] = [known[0], known.at(-1)];
  /** @type {{ started_at: string | null, ended_at: string | null, status: string }[]} */
  const sessions = state.read["sessions"]?.value?.sessions ?? [];
  const marks = sessions.flatMap(({ started_at: started, ended_at: ended, status }) => [
    ...(started ? [mark("message_sent", started)] : []),
    ...(ended && status === "failed" ? [mark("error", ended)] : []),
  ]);
  const others = first && last ? marks.filter((one) => timeOf(one) < timeOf(first) || timeOf(one) > timeOf(last)) : marks;
  return [...known, ...others].sort((one, other) => timeOf(one) - timeOf(other));
}

/** @param {string} event @param {string} timestamp @returns {Recorded} */
const mark = (event, timestamp) => ({ id: 0, event, data: { timestamp }, raw: "" });
