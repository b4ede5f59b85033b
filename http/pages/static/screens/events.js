// Events: a table of a session's events, or of its codebase's whole log. Some rows at a time, however many there are.

import { html, nothing } from "../vendored/lit-html/lit-html.js";
import { guard } from "../vendored/lit-html/directives/guard.js";
import { repeat } from "../vendored/lit-html/directives/repeat.js";
import { copyOrSave } from "../parts/hand_over.js";
import { marks } from "../parts/marks.js";
import { between } from "../parts/moments.js";
import { shortForm, whoCaused } from "../parts/short_form.js";
import { clock } from "../parts/times.js";
import { oneLine, visibleProse } from "../parts/visible.js";
import { hashOf } from "../state/address.js";
import { proofKey } from "../state/audit_state.js";
import { codebaseOf } from "../state/store.js";
import { proving } from "./verdict.js";

/** @import { Recorded } from "../parts/short_form.js" */
/** @import { Actions } from "../state/actions.js" */
/** @import { State } from "../state/store.js" */
/** @import { ListedCodebase } from "../client/ledger.js" */

const ROWS = 200; // that are on the page at once
const MOST_SHOWN = 20_000; // characters of an event's JSON

/** @param {State} state @param {Actions} actions */
export function events(state, actions) {
  const codebase = codebaseOf(state);
  if (!codebase) return html`<p class="hint">Choose a codebase first.</p>`;
  const all = listed(state, codebase);
  const { kind } = state.audit.table;
  const chosen = kind ? all.filter((one) => one.event === kind) : all;
  const from = firstRow(state, chosen);
  const rows = chosen.slice(from, from + ROWS);
  return html`<section class="events" aria-labelledby="events-title">
    <h3 id="events-title" class="unseen">Events</h3>
    ${controls(state, actions, codebase, all)} ${pages(state, actions, codebase, chosen.length, from)} ${table(state, actions, codebase, rows)}
    ${rows.length ? nothing : html`<p class="hint">${empty(state)}</p>`}
  </section>`;
}

/** @param {State} state @param {ListedCodebase} codebase @returns {Recorded[]} */
function listed({ audit, session, address }, codebase) {
  const source = audit.table.whole ? (audit.range?.codebase === codebase.id ? audit.range.events : []) : (session?.events ?? []);
  return between(/** @type {Recorded[]} */ (source), address.since, address.at);
}

/** The place of the first row: what the person chose, else around the address's event, else the last rows. @param {State} state @param {Recorded[]} chosen */
export function firstRow({ audit, address }, chosen) {
  const last = Math.max(0, chosen.length - ROWS);
  if (audit.table.from !== null) return Math.min(audit.table.from, last);
  if (address.event === null) return last;
  const place = chosen.findIndex((one) => one.id >= /** @type {number} */ (address.event));
  return place < 0 ? last : Math.min(Math.max(0, place - 10), last);
}

/** @param {State} state */
function empty({ audit, session }) {
  if (audit.table.whole) return audit.range?.reading ? "Reading…" : (audit.range?.trouble ?? "No event is of this kind.");
  return session?.events.length ? "No event is of this kind here." : "No events yet.";
}

// --- above the table ---------------------------------------------------------------------------------------------------

/** @param {State} state @param {Actions} actions @param {ListedCodebase} codebase @param {Recorded[]} all */
function controls({ audit }, actions, codebase, all) {
  const { whole, kind } = audit.table;
  const kinds = () => [...new Set([...all.map((one) => one.event), ...(kind ? [kind] : [])])].sort();
  const filter = (/** @type {Event} */ event) => show({ kind: /** @type {HTMLSelectElement} */ (event.currentTarget).value, from: null });
  const show = actions.audit.table.show;
  const wider = () => {
    show({ whole: !whole, from: null });
    if (!whole) actions.audit.table.newest(codebase.id);
  };
  return html`<div class="controls">
    <label>Kind <select id="kind" .value=${kind} @change=${filter}>
      <option value="" ?selected=${!kind}>all</option>
      ${guard([all.length, kind], () => kinds().map((one) => html`<option value=${one} ?selected=${one === kind}>${oneLine(one)}</option>`))}
    </select></label>
    <label class="box"><input type="checkbox" id="whole" .checked=${whole} @change=${wider} /> The whole log of ${oneLine(codebase.name)}</label>
  </div>`;
}

/** @param {State} state @param {Actions} actions @param {ListedCodebase} codebase @param {number} count @param {number} from */
function pages({ audit }, actions, codebase, count, from) {
  const { table, range } = audit;
  const to = (/** @type {number | null} */ place) => () => actions.audit.table.show({ from: place });
  const unread = table.whole && range ? { before: range.first, after: range.head - range.first - range.events.length } : { before: 0, after: 0 };
  const last = Math.max(0, count - ROWS);
  return html`<nav class="pages" aria-label="Parts of the list">
    <button type="button" ?disabled=${from === 0} @click=${to(0)}>First</button>
    <button type="button" ?disabled=${from === 0} @click=${to(Math.max(0, from - ROWS))}>Earlier</button>
    <span role="status">${count ? `${from + 1} to ${Math.min(from + ROWS, count)} of ${count.toLocaleString("en-US")}` : "none"}</span>
    <button type="button" ?disabled=${from >= last} @click=${to(Math.min(from + ROWS, last))}>Later</button>
    <button type="button" ?disabled=${from >= last && table.from === null} @click=${to(null)}>Last</button>
    ${unread.before ? html`<button type="button" ?disabled=${range?.reading} @click=${() => actions.audit.table.earlier(codebase.id)}>Read earlier ones (${unread.before.toLocaleString("en-US")} left)</button>` : nothing}
    ${table.whole ? html`<button type="button" ?disabled=${range?.reading} @click=${() => actions.audit.table.later(codebase.id)}>Read newer ones</button>` : nothing}
    ${table.whole && range?.trouble ? html`<strong class="bad">${visibleProse(range.trouble)}</strong>` : nothing}
  </nav>`;
}

// --- the table ---------------------------------------------------------------------------------------------------------

/** @param {State} state @param {Actions} actions @param {ListedCodebase} codebase @param {Recorded[]} rows */
function table(state, actions, codebase, rows) {
  return html`<div class="scrolling" tabindex="0" role="region" aria-label="Table of events">
    <table class="listing">
      <thead>
        <tr><th scope="col">Number</th><th scope="col">Time</th><th scope="col">Kind</th><th scope="col">What</th><th scope="col" class="who">Who</th><th scope="col"><span class="unseen">More</span></th></tr>
      </thead>
      <tbody>
        ${repeat(rows, (/** @type {Recorded} */ one) => one.id, (/** @type {Recorded} */ one) => row(state, actions, codebase, one))}
      </tbody>
    </table>
  </div>`;
}

/** @param {State} state @param {Actions} actions @param {ListedCodebase} codebase @param {Recorded} one */
function row(state, actions, codebase, one) {
  const open = state.audit.table.open.has(one.id);
  const here = state.address.event === one.id;
  const proof = state.audit.proofs.get(proofKey(codebase.id, one.id));
  const day = Math.floor(state.now / 86_400_000);
  const away = state.away === null;
  return html`${guard([one, open, here, day, state.address.codebase], () => line(state, actions, one, open, here))}
  ${guard([one, open, away, proof?.checking, proof], () => (open ? opened(state, actions, codebase, one) : nothing))}`;
}

/** @param {State} state @param {Actions} actions @param {Recorded} one @param {boolean} open @param {boolean} here */
function line({ now, address }, actions, one, open, here) {
  const session = typeof one.data["session_id"] === "string" ? one.data["session_id"] : null;
  const link = hashOf({ view: session ? "session" : "events", codebase: address.codebase, session, event: one.id });
  return html`<tr id="row-${one.id}" class="kind ${here ? "here" : ""}" aria-current=${here ? "true" : nothing}>
    <td class="number"><a href=${link} title="Show event ${one.id}">${one.id}</a></td>
    <td class="time">${clock(one.data["timestamp"] ?? 0, now)}</td>
    <td class="name">${oneLine(one.event)}</td>
    <td class="short">${marks(shortForm(one.event, one.data), "")}</td>
    <td class="who">${whoCaused(one.data)}</td>
    <td><button type="button" class="quiet" aria-expanded=${open ? "true" : "false"} aria-label="JSON of event ${one.id}" @click=${() => actions.audit.table.open(one.id)}>JSON</button></td>
  </tr>`;
}

/** @param {State} state @param {Actions} actions @param {ListedCodebase} codebase @param {Recorded} one */
function opened(state, actions, codebase, one) {
  const left = one.raw.length - MOST_SHOWN;
  return html`<tr class="opened"><td colspan="6">
    <pre class="raw" tabindex="0" aria-label="Event ${one.id} as recorded">${marks(one.raw.slice(0, MOST_SHOWN), "")}</pre>
    ${left > 0 ? html`<p class="hint">${left.toLocaleString("en-US")} more characters: copy the JSON to see them.</p>` : nothing}
    <button type="button" @click=${() => copyOrSave(one.raw, `event-${one.id}.json`)}>Copy the JSON</button>
    ${proving(state, actions, codebase.id, one.id)}
  </td></tr>`;
}
