// The head of a codebase's views: whose session it is, its state, its commands, and the other views of it.

import { html, nothing } from "../vendored/lit-html/lit-html.js";
import { stateMark } from "../parts/states.js";
import { money } from "../parts/money.js";
import { duration } from "../parts/times.js";
import { oneLine, visibleProse } from "../parts/visible.js";
import { hashOf } from "../state/address.js";
import { sessionInfo } from "../state/readings.js";
import { codebaseOf, isCurrent, mayAct, sessionOf } from "../state/store.js";
import { changesInShort } from "./changes.js";

/** @import { ListedCodebase } from "../client/ledger.js" */
/** @import { Actions } from "../state/actions.js" */
/** @import { View } from "../state/address.js" */
/** @import { State } from "../state/store.js" */

/** @type {[View, string][]} */
export const TABS = [
  ["session", "Transcript"],
  ["changes", "Changes"],
  ["events", "Events"],
  ["proof", "Proof"],
  ["sessions", "Sessions"],
];

const AT_WORK = new Set(["pending", "running"]);

/**
 * @param {State} state
 * @param {Actions} actions
 */
export function title(state, actions) {
  const codebase = /** @type {ListedCodebase} */ (codebaseOf(state));
  const { overview, name, path } = codebase;
  const last = overview.session;
  const shown = sessionInfo(state) ?? (last?.id === sessionOf(state) ? last : null);
  const status = last?.id === shown?.id ? overview.state : shown?.status;
  const mine = mayAct(state) && isCurrent(state);
  return html`<section class="title">
    <h2 id="name">${oneLine(name)}</h2>
    <code id="path">${oneLine(path)}</code>
    <span id="status">${stateMark(status ?? "idle")}</span>
    ${last?.id === shown?.id ? html`<span class="age">${duration(state.now - Date.parse(overview.since))}</span>` : nothing}
    ${shown?.cost ? html`<span class="cost">${money(shown.cost)}</span>` : nothing}
    <span class="acts">
      <button type="button" id="interrupt" ?disabled=${!mine || !AT_WORK.has(last?.status ?? "")} @click=${actions.interrupt}>Interrupt</button>
      <button type="button" id="stop" ?disabled=${!mine || !isOpen(last?.status)} @click=${actions.stop}>Stop</button>
    </span>
    <p class="prompt">${visibleProse(shown?.title || shown?.prompt || "", "")}</p>
    ${tabs(state)}
  </section>`;
}

/** Whether a session can still be stopped. @param {string | undefined} status */
const isOpen = (status) => AT_WORK.has(status ?? "") || status === "interrupted";

/** @param {State} state */
function tabs(state) {
  const { address } = state;
  const { codebase, session, at, since } = address;
  const link = (/** @type {View} */ view) => hashOf({ view, codebase, at, since, session: view === "sessions" ? null : session });
  return html`<nav class="tabs" aria-label="Views of the session">
    ${TABS.map(([view, words]) => html`<a href=${link(view)} aria-current=${address.view === view ? "page" : "false"}>${words} ${view === "changes" ? changesInShort(state) : nothing}</a>`)}
  </nav>`;
}
