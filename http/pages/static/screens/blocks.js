// How each kind of block looks: who said what, what was done, asked, changed, and what went wrong.

import { html, nothing } from "../vendored/lit-html/lit-html.js";
import { diffView, plusMinus } from "../parts/diff_view.js";
import { marks } from "../parts/marks.js";
import { readPatch } from "../parts/patches.js";
import { spent, took } from "../parts/spending.js";
import { visibleProse } from "../parts/visible.js";
import { askView } from "./asks.js";
import { callView, looksView } from "./calls.js";
import { fileChange, inner, layoutChoice, top, when, who } from "./shown.js";

/** @import { Block } from "../parts/transcript.js" */
/** @import { Shown } from "./shown.js" */

/** @param {Block} block @param {Shown} shown */
function prompt(block, shown) {
  const open = block.delivered ? nothing : html`<p class="note">Not delivered to the agent yet.</p>`;
  return html`${top("You", block, shown)}${shown.prose(block.text, false)}${open}`;
}

/** @param {Block} block @param {Shown} shown */
function reasoning(block, shown) {
  const open = shown.isOpen(block);
  return html`<details ?open=${open} @toggle=${shown.turn(block, block)}>
    <summary>Reasoning <span class="took">${took(block.at, block.until)}</span></summary>
    ${open ? shown.prose(block.text) : nothing}
  </details>${when(block, shown)}`;
}

/** @param {Block} block @param {Shown} shown */
const files = (block, shown) => html`<p class="line">Changed by a command: ${block.files.map(fileChange)} ${when(block, shown)}</p>`;

/** @param {Block} block @param {Shown} shown */
function changes(block, shown) {
  const open = shown.isOpen(block);
  const count = block.files.length === 1 ? "1 changed file" : `${block.files.length} changed files`;
  return html`<details ?open=${open} @toggle=${shown.turn(block, block)}>
    <summary>${count} ${plusMinus({ added: block.added, removed: block.removed })}</summary>
    ${open ? block.files.map((/** @type {any} */ file) => change(file, block, shown)) : nothing}
  </details>${when(block, shown)}`;
}

/** @param {any} file @param {Block} block @param {Shown} shown */
function change(file, block, shown) {
  if (typeof file.diff !== "string") {
    const why = { binary_or_empty: "it has no lines", too_large: "its difference is too large" }[/** @type {"too_large"} */ (file.missing)] ?? "no difference is on record";
    return html`<p class="line">${fileChange(file, 0)}${file.added || file.removed ? html` ${plusMinus(file)}` : nothing}: ${why}</p>`;
  }
  const read = shown.once(file, () => readPatch(file.diff).map((one) => ({ ...one, path: file.path, action: file.action })));
  return diffView(read, shown.place.layout(), () => shown.touch(block), layoutChoice(shown));
}

/** @param {Block} block @param {Shown} shown */
const attempt = (block, shown) => html`<p class="line warn">Attempt ${block.attempt}: ${visibleProse(block.sentence, "")} ${when(block, shown)}</p>`;

/** @param {Block} block @param {Shown} shown */
const failure = (block, shown) => html`<p class="line bad"><strong>Error:</strong> ${visibleProse(block.sentence)} <span class="note">${marks(String(block.code ?? ""), "")}</span> ${when(block, shown)}</p>
  ${block.whole ? html`<details><summary>The whole error</summary><pre tabindex="0" role="group" aria-label="The whole error">${marks(block.whole)}</pre></details>` : nothing}`;

const ENDS = new Map([["completed", "✓ Completed"], ["failed", "✗ Failed"], ["stopped", "■ Stopped"]]);
const TRUNCATED = new Map([["length", "the model's limit was reached"], ["content-filter", "the provider cut it off"]]);

/** @param {Block} block @param {Shown} shown */
function end(block, shown) {
  const changed = block.files ? html`<span>${block.files} ${block.files === 1 ? "file" : "files"} ${block.added || block.removed ? plusMinus({ added: block.added, removed: block.removed }) : nothing}</span>` : nothing;
  const cut = block.finish ? html`<span class="bad">The last answer is truncated: ${TRUNCATED.get(block.finish) ?? block.finish}</span>` : nothing;
  const duration = took(block.began, block.at);
  return html`<p class="line end ${block.status}"><strong>${ENDS.get(block.status) ?? block.status}</strong>${duration ? ` in ${duration}` : ""}
    ${changed} <span>${spent(block.used)}</span> ${cut}${who(block)} ${when(block, shown)}</p>${block.text ? shown.prose(block.text) : nothing}`;
}

/** @param {Block} block @param {Shown} shown */
function imported(block, shown) {
  const name = block.role === "user" ? "You" : "Agent";
  const error = block.error ? html`<p class="line bad">Ended by ${visibleProse(String(block.error), "")}</p>` : nothing;
  return html`<div class="top"><strong>${name}</strong> <span class="by">imported from opencode</span>${when(block, shown)}</div>
    ${inner(block, shown)}${shown.prose(block.text, block.role !== "user")}${error}`;
}

/** @param {Block} block @param {Shown} shown */
function unknown(block, shown) {
  const open = shown.isOpen(block);
  const why = block.why ? `can't be shown: ${block.why}` : "is of a kind that this page doesn't know";
  return html`<details ?open=${open} @toggle=${shown.turn(block, block)}>
    <summary>The event <code>${marks(String(block.name), "")}</code> ${visibleProse(why, "")}</summary>
    ${open ? html`<pre tabindex="0" role="group" aria-label="The event">${marks(String(block.raw))}</pre>` : nothing}
  </details>${when(block, shown)}`;
}

/** @type {Map<string, (block: Block, shown: Shown) => unknown>} */
const VIEWS = new Map([
  ["prompt", prompt],
  ["answer", (block, shown) => html`${top("Agent", block, shown)}${shown.prose(block.text)}`],
  ["reasoning", reasoning],
  ["call", callView],
  ["looks", looksView],
  ["subagent", (block, shown) => html`${top("Subagent", block, shown)}${inner(block, shown)}`],
  ["ask", askView],
  ["files", files],
  ["changes", changes],
  ["line", (block, shown) => html`<p class="line ${block.tone}">${visibleProse(block.text, "")}${who(block)} ${when(block, shown)}</p>`],
  ["attempt", attempt],
  ["error", failure],
  ["end", end],
  ["imported", imported],
  ["unknown", unknown],
]);

/** A block. @param {Block} block @param {Shown} shown */
export function blockView(block, shown) {
  const view = VIEWS.get(block.kind) ?? unknown;
  const erased = block.erased === undefined ? nothing : html`<p class="note">Erased, on record as event ${String(block.erased?.by)} of the log.</p>`;
  return html`${view(block, shown)}${erased}`;
}
