// Changes: the files of a session with what was added and removed. Each difference names the event that can be proved.

import { html, nothing } from "../vendored/lit-html/lit-html.js";
import { guard } from "../vendored/lit-html/directives/guard.js";
import { repeat } from "../vendored/lit-html/directives/repeat.js";
import { changedFiles, patchOf } from "../parts/changed_files.js";
import { diffView, plusMinus } from "../parts/diff_view.js";
import { copyOrSave } from "../parts/hand_over.js";
import { marks } from "../parts/marks.js";
import { between } from "../parts/moments.js";
import { readPatch } from "../parts/patches.js";
import { hashOf } from "../state/address.js";
import { codebaseOf, sessionOf } from "../state/store.js";
import { DONE } from "./between.js";
import { proving } from "./verdict.js";

/** @import { ChangedFile } from "../parts/changed_files.js" */
/** @import { Recorded } from "../parts/short_form.js" */
/** @import { Actions } from "../state/actions.js" */
/** @import { State } from "../state/store.js" */

const FEW = 8; // files whose differences are all shown at once

/** @type {{ events: unknown, count: number, from: string, made: ReturnType<typeof changedFiles> } | null} */
let last = null; // what was made of the same events the last time

/** The files that the open session changed, up to the moment that is shown. @param {State} state */
export function filesOf({ session, address }) {
  const events = session?.events ?? [];
  const from = `${address.since} ${address.at}`;
  if (last?.events !== events || last.count !== events.length || last.from !== from) {
    const chosen = between(/** @type {Recorded[]} */ (events), address.since, address.at);
    last = { events, count: events.length, from, made: changedFiles(chosen) };
  }
  return last.made;
}

/** How many files changed, and their lines; for the title of the view. @param {State} state */
export function changesInShort(state) {
  const { files } = filesOf(state);
  const sum = (/** @type {"additions" | "deletions"} */ name) => files.reduce((all, file) => all + file[name], 0);
  const counts = files.some((file) => file.diffs.length) ? plusMinus({ added: sum("additions"), removed: sum("deletions") }) : nothing;
  return files.length ? html`${files.length} ${counts}` : nothing;
}

/** @param {State} state @param {Actions} actions */
export function changes(state, actions) {
  const { files, erased } = filesOf(state);
  const { beside } = state.audit.changes;
  const patch = () => copyOrSave(files.map(patchOf).join(""), "changes.patch");
  const some = files.some((file) => file.diffs.length);
  return html`<section class="changes" aria-labelledby="changes-title">
    <h3 id="changes-title">${files.length ? html`${files.length} ${files.length === 1 ? "file" : "files"} changed` : "No file changed"}</h3>
    <div class="controls">
      <label class="box"><input type="checkbox" id="beside" .checked=${beside} @change=${() => actions.audit.lay({ beside: !beside })} /> Side by side</label>
      ${some ? html`<button type="button" id="copy-patch" @click=${patch}>Copy all as a patch</button>` : nothing}
    </div>
    ${erased.length ? html`<p class="hint">${erased.length} events about files were erased from the log.</p>` : nothing}
    <ul class="files">
      ${repeat(files, (/** @type {ChangedFile} */ file) => file.path, (/** @type {ChangedFile} */ file) => html`<li>${oneFile(state, actions, file, files.length <= FEW)}</li>`)}
    </ul>
  </section>`;
}

/** @param {State} state @param {Actions} actions @param {ChangedFile} file @param {boolean} unfolded until a person folds it */
function oneFile(state, actions, file, unfolded) {
  const shown = state.audit.changes.turned.has(file.path) !== unfolded;
  const title = html`<code>${marks(file.path, "")}</code>${file.encoded ? " (percent-encoded)" : ""} <span class="action">${DONE[file.action] ?? file.action}</span>
    ${file.diffs.length ? plusMinus({ added: file.additions, removed: file.deletions }) : nothing}`;
  return html`<article class="file">
    <h4><button type="button" class="quiet fold" aria-expanded=${shown ? "true" : "false"} @click=${() => actions.audit.turnFile(file.path)}>${title}</button></h4>
    ${shown ? content(state, actions, file) : nothing}
  </article>`;
}

/** @param {State} state @param {Actions} actions @param {ChangedFile} file */
function content(state, actions, file) {
  const { beside } = state.audit.changes;
  const layout = beside ? "side by side" : "unified";
  const again = () => actions.audit.lay({});
  return html`<p class="line">
      Recorded in ${file.events.map((event, at) => html`${at ? ", " : ""}<a href=${linkTo(state, event)}>event ${event}</a>`)}
      ${file.diffs.length ? html`<button type="button" @click=${() => copyOrSave(patchOf(file), "change.patch")}>Copy as a patch</button>` : nothing}
    </p>
    ${file.diffs.map((diff) => diffOf(state, actions, diff, layout, again))}
    ${file.missing ? html`<p class="hint">No newest difference is on record. ${file.missing}</p>` : nothing}
    ${file.diffs.length ? nothing : proof(state, actions, file.last.number)}`;
}

/** @type {WeakMap<object, ReturnType<typeof readPatch>>} */
const read = new WeakMap();

/** @param {State} state @param {Actions} actions @param {{ event: number, text: string }} diff @param {"unified" | "side by side"} layout @param {() => void} again */
function diffOf(state, actions, diff, layout, again) {
  const files = read.get(diff) ?? readPatch(diff.text);
  read.set(diff, files);
  return html`${diffView(files, layout, again)} ${proof(state, actions, diff.event)}`;
}

/** @param {State} state @param {Actions} actions @param {number} event */
function proof(state, actions, event) {
  const codebase = codebaseOf(state);
  return codebase ? proving(state, actions, codebase.id, event) : nothing;
}

/** @param {State} state @param {number} event */
const linkTo = (state, event) => hashOf({ ...state.address, view: "session", session: sessionOf(state), event });
