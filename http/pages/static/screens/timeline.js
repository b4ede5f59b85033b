// Time: a line below a session or a codebase, with a handle to look back, and a second one to see what changed in between.

import { html, nothing, svg } from "../vendored/lit-html/lit-html.js";
import { guard } from "../vendored/lit-html/directives/guard.js";
import { isNumber, nextMarked, tickOf, ticks, timeIn } from "../parts/moments.js";
import { shortForm } from "../parts/short_form.js";
import { clock, duration } from "../parts/times.js";
import { oneLine } from "../parts/visible.js";
import { hashOf } from "../state/address.js";
import { codebaseOf } from "../state/store.js";
import { lineOf } from "./time_line_of.js";

/** @import { Actions } from "../state/actions.js" */
/** @import { State } from "../state/store.js" */
/** @import { TimeLine } from "./time_line_of.js" */

const WIDTH = 1000; // of the drawing; it is stretched to the page
const QUIET = 150; // milliseconds a handle rests before the page looks there

/** @type {ReturnType<typeof setTimeout> | undefined} */
let resting;

/** @param {State} state @param {Actions} actions */
export function timeline(state, actions) {
  const line = lineOf(state);
  if (!line) return nothing;
  const { address } = state;
  const comparing = address.since !== null;
  return html`<section class="timeline" aria-label="Time">
    <div class="line">
      ${step(state, actions, line, -1)} ${step(state, actions, line, 1)}
      <div class="track">
        ${guard([line.events, line.events.length, line.from, line.to, address.view], () => drawing(line))}
        ${comparing ? handle(state, actions, line, "since", "From") : nothing} ${handle(state, actions, line, "at", comparing ? "To" : "Look at")}
      </div>
      <output id="moment">${wordsFor(state, line, held(state, line, "at"))}</output>
    </div>
    <div class="line">
      ${goTo(state, actions, line)}
      <button type="button" id="compare" aria-pressed=${comparing ? "true" : "false"} @click=${() => turnComparing(state, actions, line)}>What changed in between</button>
      ${address.at === null ? nothing : html`<button type="button" id="now" @click=${() => actions.turn({ at: null, since: null })}>Back to now</button>`}
    </div>
  </section>`;
}

// --- the handles -------------------------------------------------------------------------------------------------------

/** Where a handle is: where it is held, else where the address says. @param {State} state @param {TimeLine} line @param {"since" | "at"} end */
function held({ audit, address }, line, end) {
  return audit.drag?.end === end ? audit.drag.value : line.valueOf(address[end], end);
}

/** @param {State} state @param {Actions} actions @param {TimeLine} line @param {"since" | "at"} end @param {string} label */
function handle(state, actions, line, end, label) {
  const value = held(state, line, end);
  const look = (/** @type {number} */ wanted) => {
    clearTimeout(resting);
    actions.audit.hold(null);
    const at = line.momentOf(wanted, end);
    const changes = { [end]: at };
    if (end === "since" && state.address.at === null) Object.assign(changes, { at: line.last() });
    actions.replace({ ...changes, event: null });
  };
  const moved = (/** @type {Event} */ event) => {
    const wanted = Number(/** @type {HTMLInputElement} */ (event.currentTarget).value);
    actions.audit.hold({ value: wanted, end });
    clearTimeout(resting);
    resting = setTimeout(() => look(wanted), QUIET);
  };
  const done = (/** @type {Event} */ event) => look(Number(/** @type {HTMLInputElement} */ (event.currentTarget).value));
  return html`<input type="range" class=${end} id=${`time-${end}`} aria-label=${label} aria-valuetext=${wordsFor(state, line, value)}
    min=${line.from} max=${line.to} step=${line.step} .value=${String(value)} @input=${moved} @change=${done} />`;
}

/** A button to the next mark. @param {State} state @param {Actions} actions @param {TimeLine} line @param {1 | -1} direction */
function step({ address, now }, actions, line, direction) {
  const next = nextMarked(line.events, line.indexOf(address.at), direction);
  const words = direction > 0 ? "Next" : "Previous";
  const title = next ? `${words}: ${oneLine(next.event)}, ${clock(next.data["timestamp"], now)}` : `${words}: nothing`;
  return html`<button type="button" class="quiet" id=${direction > 0 ? "next" : "previous"} ?disabled=${!next} aria-label=${`${words} prompt, tool, approval or error`} title=${title}
    @click=${() => next && actions.turn({ at: line.momentOfEvent(next), event: null })}>${direction > 0 ? "▶" : "◀"}</button>`;
}

/** @param {State} state @param {Actions} actions @param {TimeLine} line */
function turnComparing({ address }, actions, line) {
  if (address.since !== null) actions.turn({ since: null });
  else actions.turn({ since: line.first(), at: address.at ?? line.last() });
}

/** A moment by date and time: in this session, else among the sessions of that time. @param {State} state @param {Actions} actions @param {TimeLine} line */
function goTo({ address }, actions, line) {
  const go = (/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    const given = String(new FormData(/** @type {HTMLFormElement} */ (event.currentTarget)).get("time"));
    const time = new Date(given);
    if (Number.isNaN(time.getTime())) return;
    const at = time.toISOString();
    actions.turn({ at, event: null, ...(line.covers(at) ? {} : { view: "sessions", session: null, since: null }) });
  };
  return html`<form class="line" @submit=${go}>
    <label>Date and time <input type="datetime-local" name="time" step="1" required .value=${localTime(address.at)} /></label>
    <button>Look there</button>
  </form>`;
}

/** A time as the field takes it; empty for an event's number. @param {string | null} at */
function localTime(at) {
  const time = at === null || /^[0-9]+$/.test(at) ? Number.NaN : timeIn(at);
  if (Number.isNaN(time)) return "";
  return new Date(time - new Date(time).getTimezoneOffset() * 60_000).toISOString().slice(0, 19);
}

// --- what is drawn and said --------------------------------------------------------------------------------------------

const HEIGHTS = { tool: 6, prompt: 14, approval: 12, error: 14 };

/** @param {TimeLine} line */
function drawing(line) {
  const marks = ticks(line.events, line.placeOf);
  return html`<svg class="ticks" viewBox="0 0 ${WIDTH} 16" preserveAspectRatio="none" aria-hidden="true">
    ${marks.map(({ place, kind }) => svg`<rect class="tick-${kind}" x=${place * WIDTH - 1} y=${16 - HEIGHTS[kind]} width="2.5" height=${HEIGHTS[kind]}></rect>`)}
  </svg>`;
}

/** @param {State} state @param {TimeLine} line @param {number} value */
function wordsFor({ now }, line, value) {
  const { time, event, count } = line.said(value);
  if (!count && time === null) return "nothing yet";
  const what = event && tickOf(event) ? `, ${oneLine(event.event)} ${shortForm(event.event, event.data).slice(0, 40)}` : "";
  return `${time === null ? "the beginning" : clock(time, now)}${event ? `, event ${event.id} of ${count}${what}` : ""}`;
}

/** A moment of which only the address says something. @param {string} at @param {number} now */
function inWords(at, now) {
  if (isNumber(at)) return `event ${at}`;
  const time = timeIn(at);
  return Number.isNaN(time) ? oneLine(at) : `${clock(time, now)}, ${duration(now - time)} ago`;
}

/**
 * The banner above a view of the past.
 * @param {State} state @param {Actions} actions
 */
export function banner(state, actions) {
  const { address, now, read } = state;
  const line = lineOf(state);
  if (address.at === null) return nothing;
  const time = line?.said(line.valueOf(address.at, "at")).time ?? null;
  const then = read["then"]?.of.startsWith(codebaseOf(state)?.id ?? "-") ? read["then"] : null;
  const early = line && address.view !== "sessions" && !line.covers(address.at, true);
  const moment = time === null || early || !isNumber(address.at) ? inWords(address.at, now) : `${clock(time, now)}, ${duration(now - time)} ago`;
  return html`<div class="past" role="status">
    <strong>You look at ${moment}.</strong> ${then?.value ? html`<span>The agent was ${then.value.status}.</span>` : nothing}
    ${then?.error ? html`<span class="bad">${oneLine(then.error)}</span>` : nothing}
    ${early ? html`<span>This session had not begun. <a href=${hashOf({ ...address, view: "sessions", session: null, since: null, event: null })}>The sessions of that time</a></span>` : nothing}
    Commands are off.
    <button type="button" @click=${() => actions.turn({ at: null, since: null })}>Back to now</button>
  </div>`;
}
