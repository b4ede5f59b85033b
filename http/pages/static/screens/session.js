// A session: its transcript, and the form for what a person says to the agent.

import { html } from "../vendored/lit-html/lit-html.js";
import { ref } from "../vendored/lit-html/directives/ref.js";
import { Story } from "../parts/story.js";
import { oneLine } from "../parts/visible.js";
import { codebaseOf, mayAct } from "../state/store.js";

/** @import { ListedCodebase } from "../client/ledger.js" */
/** @import { Actions } from "../state/actions.js" */
/** @import { OpenSession, State } from "../state/store.js" */

/** @type {{ place: Element | null, story: any, session: OpenSession | null, taken: number }} */
const shown = { place: null, story: null, session: null, taken: 0 };

/**
 * @param {State} state
 * @param {Actions} actions
 */
export function session(state, actions) {
  const mount = (/** @type {Element | undefined} */ place) => {
    if (place && shown.place !== place) Object.assign(shown, { place, story: new Story(place, answer(state, actions)), session: null });
    if (place) feed(state.session);
  };
  return html`<section id="story" data-session=${state.session?.id ?? ""} tabindex="0" aria-label="Transcript"><div id="events" ${ref((place) => mount(place))}></div></section>
    ${state.session?.trouble ? html`<p class="bad">${oneLine(state.session.trouble)}</p>` : ""} ${composer(state, actions)}`;
}

/** @param {State} state @param {Actions} actions */
const answer = (state, actions) => (/** @type {string} */ id, /** @type {{ reply: "once" | "always" | "reject", answers?: string[][] }} */ given) =>
  actions.answer({ id, codebase: /** @type {ListedCodebase} */ (codebaseOf(state)) }, given.reply, given);

/** Hand the transcript what it doesn't have yet. @param {OpenSession | null} session */
function feed(session) {
  if (shown.session !== session) {
    shown.story.clear();
    Object.assign(shown, { session, taken: 0 });
  }
  const events = session?.events ?? [];
  while (shown.taken < events.length) shown.story.take(events[shown.taken++]);
}

/** @param {State} state @param {Actions} actions */
function composer(state, actions) {
  const status = codebaseOf(state)?.overview.session?.status;
  const label = status === "interrupted" ? "Resume" : ["running", "pending"].includes(status ?? "") ? "Send" : "Start agent";
  const off = !mayAct(state) || state.doing.has("say");
  const say = async (/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    const form = /** @type {HTMLFormElement} */ (event.currentTarget);
    const words = String(new FormData(form).get("words"));
    const queue = event.submitter?.id === "queue";
    if (await said(words, queue, label === "Start agent", state, actions)) form.reset();
  };
  return html`<form id="speak" @submit=${say} @keydown=${submitWithControl}>
    <label for="words">Message</label>
    <textarea id="words" name="words" rows="3" required placeholder="What should the agent do?"></textarea>
    <div class="row"><button id="say" ?disabled=${off}>${label}</button> <button id="queue" ?disabled=${off}>Add to queue</button></div>
  </form>`;
}

/** @param {string} words @param {boolean} queue @param {boolean} start @param {State} state @param {Actions} actions */
async function said(words, queue, start, state, actions) {
  if (!queue) return start ? actions.start(words) : actions.send(words);
  const title = words.trim().split("\n")[0]?.slice(0, 80) ?? "";
  return (await actions.plan([codebaseOf(state)?.id ?? ""], { title, prompt: words })).done;
}

/** @param {KeyboardEvent} event */
function submitWithControl(event) {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) /** @type {HTMLFormElement} */ (event.currentTarget).requestSubmit();
}
