// What waits for a person, over all codebases: the nearest deadline first.

import { html, nothing } from "../vendored/lit-html/lit-html.js";
import { repeat } from "../vendored/lit-html/directives/repeat.js";
import { oneLine } from "../parts/visible.js";
import { hashOf } from "../state/address.js";
import { linksOf } from "../state/store.js";
import { askedCard, deadline } from "./asked.js";

/** @import { AllPermissions, CodebasePermission } from "../client/ledger.js" */
/** @import { Actions } from "../state/actions.js" */
/** @import { State } from "../state/store.js" */

/** @param {State} state @returns {AllPermissions | null} */
const waiting = (state) => state.read["permissions"]?.value ?? null;

/**
 * The inbox as a view: a card for each request.
 *
 * @param {State} state
 * @param {Actions} actions
 */
export function inbox(state, actions) {
  const all = waiting(state);
  const linked = linksOf(state.codebases);
  const more = all ? all.total - all.permissions.length : 0;
  return html`<section class="inbox" aria-labelledby="inbox-title">
    <h2 id="inbox-title">Inbox <small>${all?.total ?? ""}</small></h2>
    ${notices(state, actions)}
    <ul class="asked" data-list>${repeat(all?.permissions ?? [], (one) => one.id, (one) => card(one, state, actions, linked))}</ul>
    ${all && !all.total ? html`<p class="hint">Nothing waits for you.</p>` : nothing}
    ${more > 0 ? html`<p class="hint">${more} more will follow once these are answered.</p>` : nothing}
  </section>`;
}

/** @param {CodebasePermission} asked @param {State} state @param {Actions} actions @param {ReturnType<typeof linksOf>} linked */
function card(asked, state, actions, linked) {
  const { id, codebase, session_id: session, subagent } = asked;
  const path = state.codebases.get(codebase.id)?.path ?? "";
  const chosen = state.chosen === id || state.address.permission === id;
  return html`<li class="ask waiting ${chosen ? "chosen" : ""}" data-key=${id} tabindex="-1" @focusin=${() => state.chosen === id || actions.choose(id)}>
    <div class="row">
      <a href=${hashOf({ view: "session", codebase: linked(codebase), session })}><strong>${oneLine(codebase.name)}</strong></a>
      ${subagent ? html`<span class="hint">subagent ${oneLine(subagent)}</span>` : nothing}
      <code class="place">${oneLine(path)}</code> ${deadline(asked, state.now)}
    </div>
    ${askedCard(asked, state, actions)}
  </li>`;
}

/** The switch for notifications. @param {State} state @param {Actions} actions */
function notices({ notices: { permission, on } }, actions) {
  if (permission === "unsupported") return nothing;
  if (permission === "denied") return html`<p class="hint">The browser blocks notifications of this page.</p>`;
  return html`<p><button type="button" class="quiet" aria-pressed=${on} @click=${actions.notify}>${on ? "Notifications are on" : "Notify me"}</button></p>`;
}

/**
 * The inbox beside other views: a line for each request.
 *
 * @param {State} state
 */
export function inboxList(state) {
  const all = waiting(state);
  if (!all?.total) return nothing;
  return html`<section aria-label="What waits for you">
    <h2><a href="#/inbox">Inbox</a> <small>${all.total}</small></h2>
    <ul class="rows" data-list>${repeat(all.permissions, (one) => one.id, (one) => line(one, state))}</ul>
  </section>`;
}

/** @param {CodebasePermission} asked @param {State} state */
function line(asked, { now, address }) {
  return html`<li data-key=${asked.id}>
    <a class="row" href=${hashOf({ view: "inbox", permission: asked.id })} aria-current=${address.permission === asked.id}>
      <span class="name"><span class="state needs_you" aria-hidden="true">!</span> ${oneLine(asked.codebase.name)}: ${oneLine(asked.tool)}</span>
      ${deadline(asked, now)}
    </a>
  </li>`;
}
