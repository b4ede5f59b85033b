// The page as a whole: which parts stand where, by the address.

import { html, nothing } from "../vendored/lit-html/lit-html.js";
import { keyed } from "../vendored/lit-html/directives/keyed.js";
import { oneLine, visibleProse } from "../parts/visible.js";
import { clock, countdown, duration } from "../parts/times.js";
import { hashOf } from "../state/address.js";
import { agents, home } from "./agents.js";
import { between } from "./between.js";
import { changes } from "./changes.js";
import { events } from "./events.js";
import { header } from "./header.js";
import { inbox, inboxList } from "./inbox.js";
import { keys } from "./keys.js";
import { modal } from "./modal.js";
import { proof } from "./proof.js";
import { queue } from "./queue.js";
import { search } from "./search.js";
import { session } from "./session.js";
import { sessions } from "./sessions.js";
import { signIn } from "./sign_in.js";
import { banner, timeline } from "./timeline.js";
import { title } from "./title.js";
import { meantBy } from "../state/store.js";

/** @import { ListedCodebase } from "../client/ledger.js" */
/** @import { Actions } from "../state/actions.js" */
/** @import { View } from "../state/address.js" */
/** @import { State } from "../state/store.js" */

/** @typedef {(state: State, actions: Actions) => unknown} Screen */

/**
 * The screens of a codebase and its sessions; below the title of the session.
 *
 * @type {Partial<Record<View, Screen>>}
 */
const OF_CODEBASE = { session, sessions, changes, events, proof };

/** @type {Partial<Record<View, Screen>>} */
const OF_ALL = { home, inbox, queue, search };

/**
 * @param {State} state
 * @param {Actions} actions
 */
export function page(state, actions) {
  const { view } = state.address;
  return html`${header(state, actions)} ${away(state, actions)}
    <div class="panes" data-view=${view}>
      <aside aria-label="Inbox and agents">${inboxList(state)} ${agents(state, actions)}</aside>
      <main id="main" tabindex="-1" aria-label=${LABELS[view]}>${state.login.needed ? signIn(state, actions) : main(state, actions)}</main>
    </div>
    ${bottom(state)} ${troubles(state, actions)} ${confirming(state, actions)} ${state.keysShown ? keys(actions) : nothing}`;
}

/** @type {Record<View, string>} */
const LABELS = {
  home: "Agents",
  inbox: "Inbox",
  queue: "Queue",
  search: "Search",
  session: "Session",
  sessions: "Sessions and tasks",
  changes: "Changed files",
  events: "Events",
  proof: "Proof",
  unknown: "Nothing here",
};

/** @param {State} state @param {Actions} actions */
function main(state, actions) {
  const { address, listed } = state;
  const screen = address.codebase === null && address.view === "proof" ? proof : OF_ALL[address.view];
  if (screen) return keyed(address.view, screen(state, actions));
  if (address.view === "unknown") return missing("There is nothing at this address.");
  const meant = meantBy(state);
  if (meant.length > 1) return several(meant);
  if (!meant.length) return listed ? missing(`There is no codebase ${oneLine(String(address.codebase))}.`) : html`<p class="hint">Reading…</p>`;
  const part = OF_CODEBASE[address.view] ?? (() => missing("There is nothing at this address."));
  return html`${title(state, actions)} ${banner(state, actions)} ${between(state, actions)} ${keyed(address.view, part(state, actions))} ${timeline(state, actions)}`;
}

/** @param {string} words */
const missing = (words) => html`<div class="missing"><p>${words}</p><p><a href="#/">All agents</a></p></div>`;

/** @param {ListedCodebase[]} meant */
const several = (meant) => html`<div class="missing"><p>Several codebases have this name. Choose one:</p>
  <ul>${meant.map(({ id, path }) => html`<li><a href=${hashOf({ view: "session", codebase: id })}>${oneLine(path)}</a></li>`)}</ul></div>`;

/** Said once, for the whole page. @param {State} state @param {Actions} actions */
function away({ away: gone, now }, actions) {
  if (!gone) return nothing;
  const next = gone.retryAt === null ? "trying now" : `next try in ${countdown(gone.retryAt - now)}`;
  return html`<div class="banner away">
    <p role="alert">The service can't be reached. What you see is as of ${clock(gone.since, now)}.</p>
    <p>${oneLine(gone.reason)} Since ${duration(now - gone.since)}, ${next}. <button type="button" @click=${actions.retryNow}>Try now</button></p>
  </div>`;
}

/** The bar at the bottom of a phone. @param {State} state */
function bottom({ address, read, codebases }) {
  const count = read["permissions"]?.value?.total ?? 0;
  const queued = [...codebases.values()].reduce((sum, one) => sum + one.overview.queued, 0);
  const session = address.codebase === null ? null : { hash: `#/c/${encodeURIComponent(address.codebase)}`, words: "Session" };
  const entry = (/** @type {string} */ hash, /** @type {unknown} */ words, /** @type {boolean} */ here) =>
    html`<a href=${hash} aria-current=${here ? "page" : "false"}>${words}</a>`;
  return html`<nav class="bottom" aria-label="Views">
    ${entry("#/", "Agents", address.view === "home")}
    ${entry("#/inbox", html`Inbox${count ? html` <b>${count}</b>` : nothing}`, address.view === "inbox")}
    ${session ? entry(session.hash, session.words, address.codebase !== null) : nothing}
    ${entry("#/queue", html`Queue${queued ? html` <b>${queued}</b>` : nothing}`, address.view === "queue")}
    ${entry("#/search", "Search", address.view === "search")}
  </nav>`;
}

/** What went wrong, until it goes well or is put away. @param {State} state @param {Actions} actions */
function troubles({ troubles: all, read, login, away: gone }, actions) {
  const readings = gone || login.needed ? [] : Object.values(read).map((one) => one.error).filter((one) => one !== null);
  const shown = [...all].filter(([source]) => !source.startsWith("answer ") && source !== "sign in");
  if (!shown.length && !readings.length) return html`<div id="problem" role="alert" hidden></div>`;
  return html`<div id="problem" role="alert">
    ${[...new Set(readings)].map((words) => html`<p>${visibleProse(words, "")}</p>`)}
    ${shown.map(([source, words]) => html`<p>${visibleProse(words, "")} <button type="button" aria-label="Close this message" @click=${() => actions.dismiss(source)}>×</button></p>`)}
  </div>`;
}

/** @param {State} state @param {Actions} actions */
function confirming({ confirming: asked }, actions) {
  if (!asked) return nothing;
  const answer = (/** @type {boolean} */ yes) => () => actions.confirmed(yes);
  return modal(
    "Are you sure?",
    answer(false),
    html`<p>${oneLine(asked.words)}</p>
      <div class="answer">
        <button type="button" class="no" id="confirm" @click=${answer(true)}>${asked.label}</button>
        <button type="button" @click=${answer(false)}>Don't</button>
      </div>`,
  );
}
