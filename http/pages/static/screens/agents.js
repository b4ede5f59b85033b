// The agents of all codebases by state: as a narrow list beside every view, and as the home view with what each says.

import { html, nothing } from "../vendored/lit-html/lit-html.js";
import { guard } from "../vendored/lit-html/directives/guard.js";
import { repeat } from "../vendored/lit-html/directives/repeat.js";
import { money } from "../parts/money.js";
import { reasonInWords, stateMark, STATES } from "../parts/states.js";
import { duration } from "../parts/times.js";
import { oneLine, visibleProse } from "../parts/visible.js";
import { hashOf } from "../state/address.js";
import { codebaseOf, linksOf, mayAct } from "../state/store.js";

/** @import { ListedCodebase, Overview } from "../client/ledger.js" */
/** @import { Actions } from "../state/actions.js" */
/** @import { State } from "../state/store.js" */

/** @typedef {{ title: Overview["state"], count: number } | { codebase: ListedCodebase }} Row */

const ORDER = [...STATES.keys()];

/**
 * The codebases by state, then by name; before each state a row with its title.
 *
 * @param {Iterable<ListedCodebase>} codebases
 * @returns {Row[]}
 */
export function rowsOf(codebases) {
  /** @type {Map<string, ListedCodebase[]>} */
  const groups = new Map(ORDER.map((state) => [state, []]));
  for (const codebase of codebases) groups.get(codebase.overview.state)?.push(codebase);
  return ORDER.flatMap((state) => {
    const group = (groups.get(state) ?? []).sort((one, other) => one.name.localeCompare(other.name));
    return group.length ? [{ title: state, count: group.length }, ...group.map((codebase) => ({ codebase }))] : [];
  });
}

/** @param {Row} row */
const keyOf = (row) => ("title" in row ? `state ${row.title}` : row.codebase.id);

/** A tick of the clock that is shown in a list: each row's own age decides how often it changes. @param {State} state */
const tick = ({ now }) => Math.floor(now / 5000) * 5000;

/**
 * The narrow list.
 *
 * @param {State} state
 * @param {Actions} actions
 */
export function agents(state, actions) {
  const current = codebaseOf(state)?.id ?? null;
  const all = [...state.codebases.values()];
  const rows = () => {
    const linked = linksOf(state.codebases);
    return repeat(rowsOf(all), keyOf, (row) => ("title" in row ? title(row) : narrow(row.codebase, linked, current, tick(state))));
  };
  return html`<section aria-labelledby="agents-title">
    <h2 id="agents-title"><a href="#/">Agents</a> <small>${all.length}</small></h2>
    <ul id="codebases" class="rows" data-list>${guard([...all, current, tick(state)], rows)}</ul>
    ${all.length ? nothing : html`<p class="hint">${state.listed ? "No codebase is registered yet." : "Reading…"}</p>`}
    ${registration(state, actions)}
  </section>`;
}

/** @param {{ title: Overview["state"], count: number }} row */
const title = ({ title: state, count }) => html`<li class="group"><h3>${stateMark(state)} <small>${count}</small></h3></li>`;

/** @param {ListedCodebase} codebase @param {ReturnType<typeof linksOf>} linked @param {string | null} current @param {number} now */
function narrow({ id, name, overview }, linked, current, now) {
  const queued = overview.queued ? html`<span class="count" title="waiting in its queue">${overview.queued} queued</span>` : nothing;
  return html`<li data-key=${id}>
    <a class="row" href=${hashOf({ view: "session", codebase: linked({ id, name }) })} aria-current=${id === current ? "true" : "false"}>
      <span class="name">${oneLine(name)}</span> ${queued}
      <span class="age">${overview.state === "idle" ? "" : duration(now - Date.parse(overview.since))}</span>
    </a>
  </li>`;
}

/**
 * The home view.
 *
 * @param {State} state
 * @param {Actions} actions
 */
export function home(state, actions) {
  const all = [...state.codebases.values()];
  const rows = () => {
    const linked = linksOf(state.codebases);
    return repeat(rowsOf(all), keyOf, (row) => ("title" in row ? title(row) : wide(row.codebase, linked, tick(state))));
  };
  return html`<section class="home" aria-labelledby="home-title">
    <h2 id="home-title">Agents</h2>
    <ul class="cards" data-list>${guard([...all, tick(state)], rows)}</ul>
    ${all.length || !state.listed ? nothing : html`<p class="hint">No codebase is registered yet. Register a directory, and start an agent in it.</p>`}
    <div class="only-narrow">${registration(state, actions)}</div>
  </section>`;
}

/** @param {ListedCodebase} codebase @param {ReturnType<typeof linksOf>} linked @param {number} now */
function wide({ id, name, path, overview }, linked, now) {
  const { state, since, says, reason, queued, waiting, cost_today: cost, session } = overview;
  return html`<li data-key=${id} class="card">
    <a class="head" href=${hashOf({ view: "session", codebase: linked({ id, name }) })}><strong>${oneLine(name)}</strong></a>
    ${stateMark(state)} <span class="age">${duration(now - Date.parse(since))}</span>
    <span class="facts">
      ${waiting ? html`<a href="#/inbox">${waiting} to answer</a>` : nothing} ${queued ? html`<span>${queued} queued</span>` : nothing}
      ${cost ? html`<span>${money(cost)} today</span>` : nothing}
    </span>
    ${reason ? html`<p class="reason">${visibleProse(reasonInWords(reason), "")}</p>` : nothing}
    <p class="says">${visibleProse(says ?? session?.prompt ?? path, "")}</p>
  </li>`;
}

/**
 * The form for a new codebase.
 *
 * @param {State} state
 * @param {Actions} actions
 */
function registration(state, actions) {
  const register = async (/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    const form = /** @type {HTMLFormElement} */ (event.currentTarget);
    const given = new FormData(form);
    const config = { auto_approve: given.has("auto_approve") };
    if (await actions.register(String(given.get("path")), String(given.get("name")), config)) form.reset();
  };
  return html`<details class="register">
    <summary>Register a directory</summary>
    <form @submit=${register}>
      <label>Name <input name="name" required autocomplete="off" /></label>
      <label>Path <input name="path" required autocomplete="off" placeholder="/home/me/shop" /></label>
      <label class="box"><input name="auto_approve" type="checkbox" /> Approve everything automatically</label>
      <button ?disabled=${!mayAct(state) || state.doing.has("register")}>Register</button>
    </form>
  </details>`;
}
