// The top of the page: totals over all codebases, what is wrong, search, and the login.

import { html, nothing } from "../vendored/lit-html/lit-html.js";
import { money } from "../parts/money.js";
import { oneLine } from "../parts/visible.js";
import { badge } from "./badge.js";

/** @import { Actions } from "../state/actions.js" */
/** @import { State } from "../state/store.js" */

/**
 * @param {State} state
 * @param {Actions} actions
 */
export function header(state, actions) {
  return html`<header>
    <a class="skip" href="#main" @click=${toMain}>To the content</a>
    <h1><a href="#/">opencode-ledger</a></h1>
    <form class="find" role="search" @submit=${find(actions)}>
      <input id="find" type="search" name="q" aria-label="Search" placeholder="Search  /" autocomplete="off" />
    </form>
    ${totals(state)} ${badge(state)}
    <nav class="links" aria-label="The service">
      <a href="docs">API</a>
      <a href="metrics">Metrics</a>
      <button type="button" class="quiet" aria-label="Keys" title="Keys (?)" @click=${() => actions.showKeys(true)}>?</button>
      ${state.login.known ? html`<button type="button" class="quiet" id="sign-out" @click=${actions.signOut}>Sign out</button>` : nothing}
    </nav>
  </header>`;
}

/** @param {Event} event */
function toMain(event) {
  event.preventDefault();
  document.getElementById("main")?.focus();
}

/** @param {Actions} actions */
const find = (actions) => (/** @type {SubmitEvent} */ event) => {
  event.preventDefault();
  const form = /** @type {HTMLFormElement} */ (event.currentTarget);
  actions.go({ view: "search", q: String(new FormData(form).get("q")) });
  document.getElementById("main")?.focus(); // so that keys act on what is found
};

/** @param {State} state */
function totals({ codebases, read }) {
  const all = [...codebases.values()].map((one) => one.overview);
  const count = (/** @type {string} */ state) => all.filter((one) => one.state === state).length;
  const waiting = all.reduce((sum, one) => sum + one.waiting, 0);
  const queued = all.reduce((sum, one) => sum + one.queued, 0);
  const cost = all.reduce((sum, one) => sum + one.cost_today, 0);
  const service = read["service"]?.value;
  return html`<p class="totals">
    ${service && !service.available ? html`<strong class="bad" id="service">${oneLine(service.message)}</strong>` : nothing}
    <a href="#/"><span class="state running" aria-hidden="true">●</span> ${count("running") + count("needs_you")} running</a>
    <a href="#/inbox" class=${waiting ? "waiting" : ""}><span aria-hidden="true">!</span> ${waiting} waiting for you</a>
    <a href="#/queue">${queued} queued</a>
    <span>${money(cost)} today</span>
  </p>`;
}
