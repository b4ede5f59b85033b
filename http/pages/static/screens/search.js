// Search over prompts, answers, commands and paths of all codebases.

import { html, nothing } from "../vendored/lit-html/lit-html.js";
import { repeat } from "../vendored/lit-html/directives/repeat.js";
import { clock } from "../parts/times.js";
import { oneLine, visibleProse } from "../parts/visible.js";
import { hashOf } from "../state/address.js";
import { linksOf } from "../state/store.js";

/** @import { Found, FoundText } from "../client/ledger.js" */
/** @import { Actions } from "../state/actions.js" */
/** @import { State } from "../state/store.js" */

/**
 * @param {State} state
 * @param {Actions} actions
 */
export function search(state, actions) {
  const { q } = state.address;
  const reading = state.read["search"];
  /** @type {Found | null} */
  const found = reading?.of === q ? reading.value : null;
  const linked = linksOf(state.codebases);
  const go = (/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    actions.turn({ q: String(new FormData(/** @type {HTMLFormElement} */ (event.currentTarget)).get("q")) });
  };
  return html`<section class="search" aria-labelledby="search-title">
    <h2 id="search-title">Search</h2>
    <form role="search" class="answer" aria-label="Search everything" @submit=${go}>
      <input type="search" name="q" aria-label="Words to search for" .defaultValue=${q} autocomplete="off" placeholder="Words in prompts, answers, commands and paths" />
      <button>Search</button>
    </form>
    <p class="hint" role="status">${words(q, found, reading?.reading ?? false)}</p>
    <ul class="found" data-list>${repeat(found?.results ?? [], (one) => `${one.codebase.id} ${one.sequence} ${one.kind}`, (one) => result(one, state, linked))}</ul>
  </section>`;
}

/** @param {string} q @param {Found | null} found @param {boolean} reading */
function words(q, found, reading) {
  if (!q.trim()) return "All words must be there. The newest comes first.";
  if (!found) return reading ? "Searching…" : "";
  if (!found.total) return "Nothing was found.";
  return found.total > found.results.length ? `The newest ${found.results.length} of ${found.total}.` : `${found.total} found.`;
}

/** @param {FoundText} found @param {State} state @param {ReturnType<typeof linksOf>} linked */
function result({ codebase, session_id: session, kind, sequence, at, excerpt, marks }, state, linked) {
  const address = session === null ? { view: /** @type {const} */ ("queue") } : { view: /** @type {const} */ ("session"), codebase: linked(codebase), session, event: sequence };
  return html`<li data-key=${`${codebase.id} ${sequence} ${kind}`}>
    <a class="row" href=${hashOf(address)}><span class="name">${oneLine(codebase.name)}</span> <span class="hint">${kind}, event ${sequence}</span> <span class="age">${clock(at, state.now)}</span></a>
    <p class="excerpt">${marked(excerpt, marks)}</p>
  </li>`;
}

/**
 * The excerpt with what was found emphasised. Places count characters, not halves of pairs.
 *
 * @param {string} excerpt
 * @param {number[][]} places
 */
export function marked(excerpt, places) {
  const characters = [...excerpt];
  const text = (/** @type {number} */ from, /** @type {number | undefined} */ to) => visibleProse(characters.slice(from, to).join(""), "\n");
  let end = 0;
  const shown = places.flatMap(([from = 0, to = 0]) => {
    const before = text(end, from);
    end = to;
    return [before, html`<em>${text(from, to)}</em>`];
  });
  return [...shown, text(end, undefined) || nothing];
}
