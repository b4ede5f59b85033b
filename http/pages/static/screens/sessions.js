// The sessions of a codebase and its tasks, and what can be done with the codebase itself.

import { html, nothing } from "../vendored/lit-html/lit-html.js";
import { repeat } from "../vendored/lit-html/directives/repeat.js";
import { money } from "../parts/money.js";
import { stateMark } from "../parts/states.js";
import { clock } from "../parts/times.js";
import { visibleProse } from "../parts/visible.js";
import { hashOf } from "../state/address.js";
import { codebaseOf, mayAct, sessionOf } from "../state/store.js";

/** @import { ListedTask, Session, Sessions, Tasks } from "../client/ledger.js" */
/** @import { Actions } from "../state/actions.js" */
/** @import { State } from "../state/store.js" */

/**
 * @param {State} state
 * @param {Actions} actions
 */
export function sessions(state, actions) {
  /** @type {Sessions | null} */
  const all = state.read["sessions"]?.value ?? null;
  /** @type {Tasks | null} */
  const tasks = state.read["queue"]?.value ?? null;
  return html`<div class="sessions">
    <section aria-labelledby="sessions-title">
      <h3 id="sessions-title">Sessions <small>${all?.total ?? ""}</small></h3>
      <ul id="sessions" class="rows" data-list>${repeat(all?.sessions ?? [], (one) => one.id, (one) => session(one, state))}</ul>
      ${all && !all.total ? html`<p class="hint">No agent has worked here yet.</p>` : nothing}
      ${shortened(all, all?.sessions.length ?? 0)}
    </section>
    <section aria-labelledby="tasks-title">
      <h3 id="tasks-title">Tasks <small>${tasks?.total ?? ""}</small></h3>
      <ul id="tasks" class="rows" data-list>${repeat(tasks?.tasks ?? [], (one) => one.id, (one) => task(one, state))}</ul>
      ${shortened(tasks, tasks?.tasks.length ?? 0)}
    </section>
    ${codebase(state, actions)}
  </div>`;
}

/** @param {Session} one @param {State} state */
function session(one, state) {
  const { id, title, prompt, status, started_at: started, cost, imported } = one;
  const address = { view: /** @type {const} */ ("session"), codebase: state.address.codebase, session: id, at: state.address.at };
  return html`<li data-key=${id}>
    <a class="row" href=${hashOf(address)} aria-current=${id === sessionOf(state)}>
      ${stateMark(status)} <span class="name">${visibleProse(title || prompt || id, "")}</span>
      ${imported ? html`<span class="hint">imported</span>` : nothing} ${cost ? html`<span>${money(cost)}</span>` : nothing}
      <span class="age">${started ? clock(started, state.now) : ""}</span>
    </a>
  </li>`;
}

/** @param {ListedTask} one @param {State} state */
function task({ id, title, status, session_id: session, place, created_at: created }, state) {
  const words = html`${stateMark(status)} <span class="name">${visibleProse(title, "")}</span>
    ${place ? html`<span class="hint">place ${place}</span>` : nothing} <span class="age">${clock(created, state.now)}</span>`;
  const address = { view: /** @type {const} */ ("session"), codebase: state.address.codebase, session: session ?? null };
  return html`<li data-key=${id}>${session ? html`<a class="row" href=${hashOf(address)}>${words}</a>` : html`<span class="row">${words}</span>`}</li>`;
}

/** @param {{ total: number } | null} all @param {number} shown */
const shortened = (all, shown) => (all && all.total > shown ? html`<p class="hint">The newest ${shown} of ${all.total}.</p>` : nothing);

/** @param {State} state @param {Actions} actions */
function codebase(state, actions) {
  const off = !mayAct(state);
  const rename = (/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    const name = String(new FormData(/** @type {HTMLFormElement} */ (event.currentTarget)).get("name"));
    actions.rename(name);
  };
  return html`<section aria-labelledby="codebase-title">
    <h3 id="codebase-title">This codebase</h3>
    <form class="answer" @submit=${rename}>
      <input name="name" required aria-label="Its name" autocomplete="off" .defaultValue=${codebaseOf(state)?.name ?? ""} />
      <button ?disabled=${off || state.doing.has("change")}>Rename</button>
    </form>
    <p class="answer">
      <button type="button" id="sync" ?disabled=${off || state.doing.has("sync")} @click=${actions.sync}>Import sessions that were run with opencode itself</button>
      <button type="button" id="remove" class="no" ?disabled=${off} @click=${actions.remove}>Remove from this service</button>
    </p>
  </section>`;
}
