// The states of agents, sessions and tasks, in words and with a sign: colour alone says nothing.

import { html } from "../vendored/lit-html/lit-html.js";

/** @import { Overview } from "../client/ledger.js" */

/**
 * What an agent is doing, in the order of what a person looks for.
 *
 * @type {ReadonlyMap<Overview["state"], { sign: string, words: string }>}
 */
export const STATES = new Map([
  ["needs_you", { sign: "!", words: "needs you" }],
  ["failed", { sign: "✗", words: "failed" }],
  ["running", { sign: "●", words: "running" }],
  ["interrupted", { sign: "‖", words: "interrupted" }],
  ["waiting_for_slot", { sign: "◌", words: "waiting for a slot" }],
  ["idle", { sign: "○", words: "idle" }],
]);

/** @type {ReadonlyMap<string, { sign: string, words: string }>} */
const OTHERS = new Map([
  ["pending", { sign: "◌", words: "waiting" }],
  ["completed", { sign: "✓", words: "completed" }],
  ["stopped", { sign: "■", words: "stopped" }],
  ["cancelled", { sign: "■", words: "cancelled" }],
]);

/** @type {ReadonlyMap<string, string>} */
const REASONS = new Map([
  ["requested", "by request"],
  ["server_stopped", "the service was stopped"],
  ["server_restarted", "the service was restarted"],
  ["agent_crashed", "the agent's process ended"],
  ["length", "the answer reached the model's limit"],
  ["content-filter", "the provider cut the answer off"],
]);

/**
 * A reason's code in words; a sentence stays as it is.
 *
 * @param {string} reason
 */
export const reasonInWords = (reason) => REASONS.get(reason) ?? reason;

/**
 * A state as its sign and its words.
 *
 * @param {string} name
 */
export function stateMark(name) {
  const { sign, words } = STATES.get(/** @type {Overview["state"]} */ (name)) ?? OTHERS.get(name) ?? { sign: "·", words: name };
  return html`<span class="state ${name}"><span class="sign" aria-hidden="true">${sign}</span> ${words}</span>`;
}
