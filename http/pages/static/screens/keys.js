// The keys of the page, in a dialog.

import { html } from "../vendored/lit-html/lit-html.js";
import { modal } from "./modal.js";

/** @import { Actions } from "../state/actions.js" */

/** @type {[string, string][]} */
export const KEYS = [
  ["?", "Show these keys"],
  ["/", "Search"],
  ["g a", "Agents"],
  ["g i", "Inbox"],
  ["g q", "Queue"],
  ["g s", "The session that is open, or the first one at work"],
  ["g c  g e  g p", "Its changes, its events, and the proof"],
  ["j  k", "Next and previous row: agents, requests, tasks"],
  ["y", "Inbox: allow once"],
  ["a", "Inbox: always allow, after a question"],
  ["n", "Inbox: reject, with words"],
  ["c", "Write a message to the agent"],
  ["[  ]", "Time: the previous and the next prompt, tool, approval or error"],
  ["Ctrl+Enter", "Send what you write"],
  ["Alt+↑  Alt+↓", "Queue: start the task earlier or later"],
  ["Esc", "Close what is open, leave a field"],
];

/** @param {Actions} actions */
export function keys(actions) {
  const close = () => actions.showKeys(false);
  return modal(
    "Keys",
    close,
    html`<dl class="keys">${KEYS.map(([key, words]) => html`<dt><kbd>${key}</kbd></dt><dd>${words}</dd>`)}</dl>
      <div class="answer"><button type="button" @click=${close}>Close</button></div>`,
  );
}
