// Tool calls: one line each, with what it is about, how it ended and how long it took; the rest is folded.

import { html, nothing } from "../vendored/lit-html/lit-html.js";
import { highlighted, languageOfFile } from "../parts/code.js";
import { changesOf, counted } from "../parts/diff.js";
import { diffView, plusMinus } from "../parts/diff_view.js";
import { marks } from "../parts/marks.js";
import { outputContent } from "../parts/output.js";
import { money } from "../parts/money.js";
import { took } from "../parts/spending.js";
import { placeOf, printed, together } from "../parts/tools.js";
import { visibleProse } from "../parts/visible.js";
import { fileChange, inner, layoutChoice, when } from "./shown.js";

/** @import { Block } from "../parts/transcript.js" */
/** @import { Shown } from "./shown.js" */

const MOST = 20_000; // characters of an output that are shown, until a person asks for all

/** @param {Block} call @param {Shown} shown */
export function callView(call, shown) {
  const edits = call.agentKind === "edit";
  const open = shown.isOpen(call, edits && call.status !== "error");
  return html`<details class="tool ${statusOf(call)}" ?open=${open} @toggle=${shown.turn(call, call)}>
    <summary>${summary(call, shown)}</summary>
    ${open ? html`<div class="body">${body(call, shown)}</div>` : nothing}
  </details>${when(call, shown)}`;
}

/** @param {Block} call @param {Shown} shown */
function summary(call, shown) {
  const place = placeOf(call.tool, call.args);
  const counts = call.agentKind === "edit" ? counted(changesIn(call, shown)) : null;
  return html`<strong class="name">${marks(call.tool, "")}</strong> <code class="target">${marks(call.target, "")}</code>
    ${place ? html`<span class="note">${marks(place, "")}</span>` : nothing} ${counts && (counts.added || counts.removed) ? plusMinus(counts) : nothing}
    <span class="how ${statusOf(call)}">${howItEnded(call)}</span>
    <span class="took">${call.ended ? took(call.at, call.ended) : ""}</span>`;
}

/** @param {Block} call */
const statusOf = ({ status, exit }) => (status === "error" || exit > 0 ? "failed" : status === "completed" ? "completed" : status === "running" ? "running" : "cut");

/** How a call ended, in words. @param {Block} call */
export function howItEnded({ status, exit, tool }) {
  if (typeof exit === "number") return exit === 0 ? "✓ exit 0" : `✗ exit ${exit}`;
  if (status === "completed") return tool === "bash" ? "ended" : "✓";
  if (status === "error") return "✗ failed";
  return status === "running" ? "… running" : "‖ no result";
}

/** @param {Block} call @param {Shown} shown */
function changesIn(call, shown) {
  const changes = shown.once(call, () => changesOf(call.args));
  const [only] = changes;
  if (only && call.files.length === 1) only.action = call.files[0].action; // what the arguments of a write don't say
  return changes;
}

/** @param {Block} call @param {Shown} shown */
function body(call, shown) {
  const changes = call.agentKind === "edit" ? changesIn(call, shown) : [];
  return html`${changes.length ? diffView(changes, shown.place.layout(), () => shown.touch(call), layoutChoice(shown)) : args(call)}
    ${call.files.length && (changes.length !== 1 || call.files.length > 1 || call.files[0].encoded) ? html`<p class="line">${call.files.map(fileChange)}</p>` : nothing}
    ${call.inner ? inner(call, shown) : nothing}
    ${call.cost ? html`<p class="line">The subagent cost ${money(call.cost)}.</p>` : nothing}
    ${output(call, shown)}`;
}

/** What a call was given: a command as it is, a plan as a list, all else as JSON. @param {Block} call */
function args({ tool, args: given, target }) {
  if (tool === "bash" && typeof given.command === "string") return command(given);
  if (tool === "task" && typeof given.prompt === "string") return html`<p class="written">${visibleProse(given.prompt)}</p>`;
  if (tool === "todowrite" && Array.isArray(given.todos)) return html`<ul class="plan">${given.todos.map(todo)}</ul>`;
  const names = Object.keys(given);
  if (!names.length || (names.length === 1 && given[/** @type {string} */ (names[0])] === target)) return nothing;
  return html`<pre class="given" tabindex="0" role="group" aria-label="What the tool was given">${marks(JSON.stringify(given, null, 2))}</pre>`;
}

/** @param {Record<string, any>} given */
const command = ({ command: words, description, workdir }) => html`<figure class="code">
  <figcaption>${description ? marks(String(description), "") : "Command"}${workdir ? html` in <code>${marks(String(workdir), "")}</code>` : nothing}</figcaption>
  <button type="button" class="copy">Copy</button><pre class="given" tabindex="0" role="group" aria-label="Command">${marks(words, "\n")}</pre></figure>`;

const SIGNS = new Map([["completed", "☑"], ["in_progress", "◐"], ["cancelled", "☒"]]);

/** @param {any} one */
const todo = (one) => html`<li><span aria-hidden="true">${SIGNS.get(one?.status) ?? "☐"}</span> ${marks(String(one?.content ?? ""), "")} <span class="note">${marks(String(one?.status ?? "").replace("_", " "), "")}</span></li>`;

/** @param {Block} call @param {Shown} shown */
function output(call, shown) {
  const text = printed(call.tool, call.output ?? "");
  if (["edit", "plan"].includes(call.agentKind) && call.status === "completed") return nothing; // it only says that it was done
  const all = shown.isOpen(call.args) || text.length <= MOST;
  const left = text.length - MOST;
  const more = () => {
    shown.turned.set(call.args, true);
    shown.touch(call);
  };
  return html`${text ? html`<figure class="code"><figcaption>${call.status === "error" ? "Error" : "Output"}</figcaption>
      <button type="button" class="copy">Copy</button>${outputBlock(call, all ? text : text.slice(0, MOST), shown)}</figure>` : nothing}
    ${all ? nothing : html`<button type="button" @click=${more}>Show ${left.toLocaleString("en")} more characters</button>`} ${whole(call, shown)}`;
}

/** The element of an output: it is made once for the same text. @param {Block} call @param {string} text @param {Shown} shown */
function outputBlock(call, text, shown) {
  const kept = /** @type {{ text: string, element: HTMLElement } | undefined} */ (shown.kept.get(call.files));
  if (kept?.text === text) return kept.element;
  const element = document.createElement("pre");
  element.className = "output";
  element.tabIndex = 0;
  element.setAttribute("role", "group");
  element.setAttribute("aria-label", "Output");
  element.append(outputContent(text));
  shown.kept.set(call.files, { text, element });
  return element;
}

const MISSING = new Map([
  ["too_large", "it is too large"],
  ["gone", "the agent had removed it"],
  ["refused", "it could not be read safely"],
  ["changed", "it changed while it was read"],
  ["unreadable", "it could not be read"],
  ["not_kept", "the agent didn't keep it"],
  ["off", "keeping whole outputs is switched off"],
]);

/** @param {Block} call @param {Shown} shown */
function whole({ whole: more }, shown) {
  if (!more) return nothing;
  const size = more.bytes ? ` (${more.bytes.toLocaleString("en")} bytes)` : "";
  if (!more.id) return html`<p class="note">The tool printed more${size}. What is missing here is not on record: ${MISSING.get(more.missing) ?? more.missing}.</p>`;
  const kept = more.missing ? ` The first ${Number(more.kept ?? 0).toLocaleString("en")} bytes are kept: ${MISSING.get(more.missing) ?? more.missing}.` : "";
  return html`<p class="note"><a href=${shown.place.output(more.id)} target="_blank" rel="noopener">All that it printed</a>${size}.${kept}</p>`;
}

/** Calls that only look, together on one line. @param {Block} block @param {Shown} shown */
export function looksView(block, shown) {
  const calls = /** @type {Block[]} */ (block.inner.blocks);
  const open = shown.isOpen(block);
  const failed = calls.filter((call) => call.status === "error").length;
  const running = calls.some((call) => call.status === "running");
  const until = calls.reduce((/** @type {string} */ last, call) => (call.ended > last ? call.ended : last), "");
  return html`<details class="tool looks" ?open=${open} @toggle=${shown.turn(block, block)}>
    <summary><strong class="name">${running ? "Exploring" : "Explored"}:</strong> ${together(calls.map((call) => call.tool))}
      <span class="note">${open ? nothing : marks(calls.map((call) => call.target).join(", ").slice(0, 200), "")}</span>
      ${failed ? html`<span class="how failed">✗ ${failed} failed</span>` : nothing}
      <span class="took">${until ? took(block.at, until) : ""}</span></summary>
    ${open ? inner(block, shown) : nothing}
  </details>${when(block, shown)}`;
}
