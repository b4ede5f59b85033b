// What a check found, in words with a sign; and the button that has an event proved.

import { html, nothing } from "../vendored/lit-html/lit-html.js";
import { visibleProse } from "../parts/visible.js";
import { proofKey } from "../state/audit_state.js";

/** @import { Finding, Verdict } from "../parts/proofs/findings.js" */
/** @import { Actions } from "../state/actions.js" */
/** @import { State } from "../state/store.js" */

/** @param {Finding[]} findings */
export const findingList = (findings) => html`<ul class="findings">
  ${findings.map(
    ({ holds, words }) => html`<li class=${holds ? "good" : holds === null ? "" : "bad"}>
      <span aria-hidden="true">${holds ? "✓" : holds === null ? "·" : "✗"}</span><span class="unseen">${holds ? "Holds:" : holds === null ? "Look:" : "Fails:"}</span>
      ${visibleProse(words)}
    </li>`,
  )}
</ul>`;

/** @type {Record<Verdict, { sign: string, words: string, look: string }>} */
export const VERDICTS = {
  sound: { sign: "✓", words: "proved", look: "good" },
  first: { sign: "·", words: "signed, with nothing earlier to compare", look: "warn" },
  partly: { sign: "·", words: "its checkpoint matches this log; its events were not checked here", look: "warn" },
  wrong: { sign: "✗", words: "NOT proved", look: "bad" },
  unable: { sign: "?", words: "not checked", look: "warn" },
};

/** @param {Verdict} verdict */
export function verdictMark(verdict) {
  const { sign, words, look } = VERDICTS[verdict];
  return html`<strong class="verdict ${look}"><span aria-hidden="true">${sign}</span> ${words}</strong>`;
}

/**
 * The button that proves an event, and what came of it.
 * @param {State} state @param {Actions} actions @param {string} codebase its id @param {number} sequence
 */
export function proving(state, actions, codebase, sequence) {
  const proof = state.audit.proofs.get(proofKey(codebase, sequence));
  const checking = proof?.checking ?? false;
  return html`<div class="proving">
    <button type="button" ?disabled=${checking || state.away !== null} @click=${() => actions.audit.prove(codebase, sequence)}>
      ${checking ? "Checking…" : proof ? `Prove event ${sequence} again` : `Prove event ${sequence}`}
    </button>
    <div role="status">
      ${proof?.verdict ? verdictMark(proof.verdict) : nothing} ${proof?.trouble ? html`<p class="bad">${visibleProse(proof.trouble)}</p>` : nothing}
      ${proof ? findingList(proof.findings) : nothing}
    </div>
  </div>`;
}
