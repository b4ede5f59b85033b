// A session: its transcript with the means to move in it, and the form for what a person says to the agent.

import { html, nothing } from "../vendored/lit-html/lit-html.js";
import { spent } from "../parts/spending.js";
import { oneLine } from "../parts/visible.js";
import { hashOf } from "../state/address.js";
import { codebaseOf, sessionOf } from "../state/store.js";
import { askedCard, deadline } from "./asked.js";
import { composer } from "./composer.js";
import { JUMPS, TranscriptView } from "./transcript.js";

/** @import { CodebasePermission, ListedCodebase } from "../client/ledger.js" */
/** @import { Actions } from "../state/actions.js" */
/** @import { OpenSession, State } from "../state/store.js" */
/** @import { Layout } from "../parts/diff_view.js" */
/** @import { Place } from "./shown.js" */

const KEPT = "opencode-ledger layout of differences";

/** The transcript that is in the page, and what it was made for. @type {{ of: OpenSession | null, at: string | null, event: number | null, view: TranscriptView | null }} */
const open = { of: null, at: null, event: null, view: null };

/**
 * @param {State} state
 * @param {Actions} actions
 */
export function session(state, actions) {
  const view = transcriptOf(state, actions);
  const trouble = state.session?.trouble;
  return html`<div class="transcript">
      ${view ? html`${bar(view)}${view.element}` : html`<p class="hint">${sessionOf(state) ? "Reading…" : "No agent has worked here yet."}</p>`}
    </div>
    ${trouble && !state.away ? html`<p class="bad trouble" role="alert">${oneLine(trouble)}</p>` : nothing} ${composer(state, actions)}`;
}

/** The transcript of the open session, with all that came of it. @param {State} state @param {Actions} actions */
function transcriptOf(state, actions) {
  const { session: opened, address } = state;
  if (!opened) return (open.view = open.of = null);
  if (open.of !== opened || open.at !== address.at) {
    Object.assign(open, { of: opened, at: address.at, event: null, view: new TranscriptView(placeOf(state, actions), address.at) });
  }
  const view = /** @type {TranscriptView} */ (open.view);
  if (address.event !== open.event) view.wanted = open.event = address.event;
  view.update(opened.events, opened.ended);
  return view;
}

/** What the transcript needs of the page around it. @param {State} state @param {Actions} actions @returns {Place} */
function placeOf(state, actions) {
  const id = /** @type {OpenSession} */ (state.session).codebase;
  const codebase = () => /** @type {ListedCodebase} */ (state.codebases.get(id) ?? codebaseOf(state));
  return {
    session: /** @type {OpenSession} */ (state.session).id,
    address: (number) => hashOf({ ...state.address, view: "session", session: state.session?.id ?? null, event: number }),
    output: (output) => `v1/opencode/codebases/${id}/outputs/${encodeURIComponent(output)}`,
    card: (asked, answering) => card({ ...asked, id: asked.permission_id, codebase: codebase() }, answering, state, actions),
    layout: () => (localStorage.getItem(KEPT) === "side by side" ? "side by side" : "unified"),
    setLayout: (layout) => {
      localStorage.setItem(KEPT, layout);
      open.view?.redraw();
    },
  };
}

/** What an agent asks, where it asked it: the same card as in the inbox. @param {any} given @param {boolean} answering @param {State} state @param {Actions} actions */
function card(given, answering, state, actions) {
  /** @type {CodebasePermission} */
  const asked = { kind: "permission", patterns: [], expires_at: null, ...given };
  return html`<div class="ask waiting" tabindex="-1">
    <div class="row"><strong>${asked.kind === "question" ? "A question" : "A permission"}</strong> ${deadline(asked, state.now)}</div>
    ${answering ? html`<p class="hint">The answer is on its way to the agent.</p>` : askedCard(asked, state, actions)}
  </div>`;
}

/** The means to move in a transcript, and what the session used. @param {TranscriptView} view */
function bar(view) {
  const { used, model, agent } = view.transcript;
  const facts = [agent, model, spent(used)].filter(Boolean).map((fact) => html`<span>${oneLine(fact)}</span>`);
  return html`<div class="bar"><span class="facts">${facts}</span>${[...JUMPS].map(([kind, is]) => jump(view, kind, view.transcript.blocks.filter(is).length))}</div>`;
}

/** @param {TranscriptView} view @param {string} kind @param {number} count */
const jump = (view, kind, count) =>
  count
    ? html`<span class="jump" role="group" aria-label="Jump to ${kind}s"
        ><button type="button" aria-label="Previous ${kind}" data-jump="${kind} -1" @click=${() => view.jump(kind, -1)}>↑</button
        ><span>${kind} <small>${count}</small></span
        ><button type="button" aria-label="Next ${kind}" data-jump="${kind} 1" @click=${() => view.jump(kind, 1)}>↓</button></span>`
    : nothing;
