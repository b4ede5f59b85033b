// What changed between the two handles of the timeline: in a session, or in everything that a codebase did.

import { html, nothing } from "../vendored/lit-html/lit-html.js";
import { guard } from "../vendored/lit-html/directives/guard.js";
import { plusMinus } from "../parts/diff_view.js";
import { differenceOf } from "../parts/difference.js";
import { marks } from "../parts/marks.js";
import { money } from "../parts/money.js";
import { between as eventsBetween } from "../parts/moments.js";
import { counted } from "../parts/proofs/findings.js";
import { oneLine, visibleProse } from "../parts/visible.js";
import { hashOf } from "../state/address.js";
import { codebaseOf } from "../state/store.js";

/** @import { ChangedFile } from "../parts/changed_files.js" */
/** @import { Difference } from "../parts/difference.js" */
/** @import { Recorded } from "../parts/short_form.js" */
/** @import { Actions } from "../state/actions.js" */
/** @import { State } from "../state/store.js" */
/** @import { ListedCodebase } from "../client/ledger.js" */

/** @param {State} state @param {Actions} actions */
export function between(state, actions) {
  const codebase = codebaseOf(state);
  const { since, at, view } = state.address;
  if (since === null || !codebase) return nothing;
  const whole = view === "sessions";
  const range = whole && state.audit.range?.codebase === codebase.id ? state.audit.range : null;
  const events = /** @type {Recorded[]} */ (whole ? (range?.events ?? []) : (state.session?.events ?? []));
  return html`<section class="between" aria-labelledby="between-title">
    <h3 id="between-title">What changed in between</h3>
    ${whole ? reading(state, actions, codebase) : nothing}
    ${whole && (!range || range.reading || range.trouble) ? nothing : guard([events, events.length, since, at, state.address.codebase], () => summary(differenceOf(eventsBetween(events, since, at)), state.address.codebase))}
  </section>`;
}

/** @param {State} state @param {Actions} actions @param {ListedCodebase} codebase */
function reading({ audit, address, away }, actions, codebase) {
  const range = audit.range?.codebase === codebase.id ? audit.range : null;
  const read = () => actions.audit.table.between(codebase.id, address.since, address.at);
  if (!range || range.reading) return html`<p class="hint">Reading the log of this time…</p>`;
  if (!range.trouble) return nothing;
  return html`<p><strong class="bad">${visibleProse(range.trouble)}</strong> <button type="button" ?disabled=${away !== null} @click=${read}>Read it again</button></p>`;
}

/** @param {Difference} made @param {string | null} of the codebase, as the address has it */
function summary(made, of) {
  const { allowed, rejected } = made.approvals;
  const tools = [...made.tools].sort(([, one], [, other]) => other - one).map(([tool, count]) => `${count} ${oneLine(tool)}`);
  const facts = [
    counted(made.events, "event"),
    made.prompts ? counted(made.prompts, "prompt") : "",
    tools.length ? `tools: ${tools.join(", ")}` : "",
    allowed || rejected ? `${allowed} approved, ${rejected} rejected` : "",
    made.failures ? counted(made.failures, "error") : "",
    made.cost ? money(made.cost) : "",
  ];
  return html`<p id="between">${facts.filter(Boolean).join(" · ")}</p>
    ${made.files.length ? html`<ul class="files">${made.files.map((file) => html`<li>${oneFile(file, of)}</li>`)}</ul>` : html`<p class="hint">No file changed.</p>`}`;
}

/** What became of a file, in words. */
export const DONE = { create: "created", modify: "changed", delete: "deleted" };

/** @param {ChangedFile} file @param {string | null} of the codebase, as the address has it */
function oneFile(file, of) {
  const { session, number } = file.last;
  const link = hashOf({ view: session ? "changes" : "events", codebase: of, session });
  return html`<a href=${link}><code>${marks(file.path, "")}</code></a> ${DONE[file.action] ?? file.action}
    ${file.diffs.length ? plusMinus({ added: file.additions, removed: file.deletions }) : nothing}
    <a href=${hashOf({ view: session ? "session" : "events", codebase: of, session, event: number })}>event ${number}</a>`;
}
