// What an agent asked, where it asked it: a card that can be answered, and after that what was answered, and by whom.

import { html, nothing } from "../vendored/lit-html/lit-html.js";
import { coveredBy } from "../parts/asked.js";
import { changesOf } from "../parts/diff.js";
import { diffView } from "../parts/diff_view.js";
import { marks } from "../parts/marks.js";
import { took } from "../parts/spending.js";
import { targetOf } from "../parts/tools.js";
import { visibleProse } from "../parts/visible.js";
import { layoutChoice, when, who } from "./shown.js";

/** @import { Block } from "../parts/transcript.js" */
/** @import { Shown } from "./shown.js" */

const REPLIES = new Map([["once", "✓ Allowed once"], ["always", "✓ Always allowed"], ["reject", "✗ Rejected"]]);
const DECIDERS = new Map([
  ["user", " by a person"],
  ["auto_approve", " by the codebase's setting to approve everything"],
  ["timeout", ": nobody answered in time"],
  ["interrupt", ": the run ended first"],
  ["agent", " by the agent itself"],
]);

/** @param {Block} block @param {Shown} shown */
export function askView(block, shown) {
  const { asked, settled } = block;
  if (!asked) return html`<p class="line">${decision(block)}</p>`;
  if (!settled) return shown.place.card(asked, Boolean(block.answering));
  return asked.kind === "question" ? answered(block, shown) : decided(block, shown);
}

/** @param {Block} block @param {Shown} shown */
function decided(block, shown) {
  const { asked } = block;
  const open = shown.isOpen(block);
  return html`<details class="tool asked" ?open=${open} @toggle=${shown.turn(block, block)}>
    <summary><strong class="name">Permission for ${marks(String(asked.tool), "")}</strong> <code class="target">${marks(targetOf(asked.tool, asked.args ?? {}), "")}</code> ${decision(block)}</summary>
    ${open ? html`<div class="body">${details(block, shown)}</div>` : nothing}
  </details>${when(block, shown)}`;
}

/** @param {Block} block @param {Shown} shown */
function details(block, shown) {
  const { args = {} } = block.asked;
  const always = coveredBy(block.asked);
  const changes = shown.once(block, () => changesOf(args));
  const given = changes.length ? diffView(changes, shown.place.layout(), () => shown.touch(block), layoutChoice(shown)) : html`<pre tabindex="0" role="group" aria-label="What was asked for">${marks(JSON.stringify(args, null, 2))}</pre>`;
  const covers = always.length ? html`<p class="note">“Always” covers: <code>${marks(always.join(", "), "")}</code></p>` : nothing;
  return html`${given}${covers}`;
}

/** Who decided what, after how long. @param {Block} block */
function decision({ settled, at }) {
  const { reply, answers, decided_by: decider, by, via, message, timestamp } = settled;
  const what = answers ? "✓ Answered" : (REPLIES.get(reply) ?? String(reply));
  const person = decider === "user" && by ? who(/** @type {any} */ ({ by, via })) : nothing;
  const how = person === nothing ? (DECIDERS.get(decider) ?? ` by ${decider}`) : person;
  const waited = took(at, timestamp);
  return html`<span class="decision ${reply === "reject" ? "bad" : ""}">${what}${how}${waited ? ` after ${waited}` : ""}</span>
    ${message ? html`<q>${visibleProse(message, "")}</q>` : nothing}`;
}

/** @param {Block} block @param {Shown} shown */
function answered(block, shown) {
  const { asked, settled } = block;
  const questions = Array.isArray(asked.args?.questions) ? asked.args.questions : [];
  return html`<div class="ask"><div class="top"><strong>The agent asked</strong> ${decision(block)}${when(block, shown)}</div>
    <dl>${questions.map((/** @type {any} */ one, /** @type {number} */ number) => html`<dt>${visibleProse(String(one?.question ?? one?.header ?? ""))}</dt>
      ${answersTo(settled.answers?.[number])}`)}</dl></div>`;
}

/** @param {string[] | undefined} answers */
const answersTo = (answers) => (answers?.length ? answers.map((one) => html`<dd class="answer">${marks(one)}</dd>`) : html`<dd class="answer none">No answer</dd>`);
