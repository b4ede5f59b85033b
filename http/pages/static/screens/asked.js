// What an agent asks of a person: permission to use a tool, or questions. One card for the inbox and the transcript.

import { html, nothing } from "../vendored/lit-html/lit-html.js";
import { answersOf, partsOf } from "../parts/asked.js";
import { marks } from "../parts/marks.js";
import { countdown } from "../parts/times.js";
import { oneLine } from "../parts/visible.js";
import { mayAct } from "../state/store.js";

/** @import { CodebasePermission } from "../client/ledger.js" */
/** @import { Question } from "../parts/asked.js" */
/** @import { Actions } from "../state/actions.js" */
/** @import { State } from "../state/store.js" */

const SOON = 60_000; // milliseconds before its end at which a countdown is urgent

/**
 * The card's content. A form, so that Enter answers and a browser keeps what was typed.
 *
 * @param {CodebasePermission} asked
 * @param {State} state
 * @param {Actions} actions
 */
export function askedCard(asked, state, actions) {
  const busy = !mayAct(state) || state.doing.has(`answer ${asked.id}`);
  const failed = state.troubles.get(`answer ${asked.id}`);
  return html`${asked.kind === "question" ? questions(asked, busy, actions) : permission(asked, busy, actions)}
  ${failed ? html`<p class="bad" role="alert">${oneLine(failed)}</p>` : nothing}`;
}

/**
 * The time that is left, if the request ends by itself.
 *
 * @param {CodebasePermission} asked
 * @param {number} now
 */
export function deadline({ expires_at: end }, now) {
  if (end === null) return html`<span class="deadline">waits until you answer</span>`;
  const left = Date.parse(end) - now;
  const look = left < SOON ? "deadline urgent" : "deadline";
  return html`<span class=${look}>${left > 0 ? html`rejected in <b>${countdown(left)}</b>` : "being rejected"}</span>`;
}

/** @param {CodebasePermission} asked @param {boolean} busy @param {Actions} actions */
function permission(asked, busy, actions) {
  const { command, rest, diff, always } = partsOf(asked);
  const reject = (/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    const words = String(new FormData(/** @type {HTMLFormElement} */ (event.currentTarget)).get("words") ?? "").trim();
    actions.answer(asked, "reject", words ? { message: words } : {});
  };
  return html`<p class="wish">Allow the agent to use <strong>${marks(asked.tool, "")}</strong>?</p>
    ${command === null ? nothing : html`<pre class="command" tabindex="0" aria-label="What it wants to run">${marks(command)}</pre>`}
    ${diff === null ? nothing : html`<pre class="diff" tabindex="0" aria-label="What it wants to change">${diff.map(diffLine)}</pre>`}
    ${rest === null ? nothing : html`<pre class="arguments" tabindex="0" aria-label="Its arguments">${marks(rest)}</pre>`}
    ${covers(always)}
    <form class="answer" @submit=${reject}>
      <button type="button" class="yes" ?disabled=${busy} @click=${() => actions.answer(asked, "once")}>Allow once</button>
      <button type="button" ?disabled=${busy} @click=${() => actions.answer(asked, "always")}>Always allow</button>
      <input name="words" aria-label="Why it is rejected, for the agent" placeholder="Why not? (for the agent)" autocomplete="off" />
      <button class="no" ?disabled=${busy}>Reject</button>
    </form>`;
}

/** What "always" would allow. A log from before this was recorded doesn't have it. @param {string[]} always */
const covers = (always) =>
  always.length
    ? html`<p class="covers">“Always” allows, until the agent's process ends: ${always.map((one) => html`<code>${marks(one, "")}</code> `)}</p>`
    : html`<p class="covers">“Always” may allow more than this one, until the agent's process ends.</p>`;

/** @param {{ sign: string, text: string }} line */
const diffLine = ({ sign, text }) =>
  html`<span class=${sign === "+" ? "added" : sign === "-" ? "removed" : "same"}>${marks(`${sign}${text}\n`)}</span>`;

/** @param {CodebasePermission} asked @param {boolean} busy @param {Actions} actions */
function questions(asked, busy, actions) {
  const { questions: all } = partsOf(asked);
  const answer = (/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    const given = new FormData(/** @type {HTMLFormElement} */ (event.currentTarget));
    actions.answer(asked, "once", { answers: answersOf(all, given) });
  };
  return html`<p class="wish">The agent asks</p>
    <form class="questions" @submit=${answer}>
      ${all.map((question, number) => oneQuestion(question, number))}
      <div class="answer">
        <button class="yes" ?disabled=${busy}>Answer</button>
        <button type="button" class="no" ?disabled=${busy} @click=${() => actions.answer(asked, "reject")}>Reject</button>
      </div>
    </form>`;
}

/** @param {Question} question @param {number} number */
function oneQuestion({ words, several, own, options }, number) {
  const none = !several && options.length ? option("radio", number, "none", "No answer", "", true) : nothing;
  return html`<fieldset class="question">
    <legend>${marks(words)}</legend>
    ${options.map(({ label, description }, place) => option(several ? "checkbox" : "radio", number, String(place), label, description))}
    ${own ? ownWords(several, number, options.length > 0) : nothing} ${none}
  </fieldset>`;
}

/** @param {string} type @param {number} number @param {string} value @param {string} label @param {string} description @param {boolean} [checked] */
const option = (type, number, value, label, description, checked = false) => html`<label class="option">
  <input type=${type} name=${`q${number}`} value=${value} ?checked=${checked} />
  <span><span class="label">${marks(label, "")}</span>${description ? html`<span class="description">${marks(description)}</span>` : nothing}</span>
</label>`;

/** @param {boolean} several @param {number} number @param {boolean} others */
function ownWords(several, number, others) {
  const chosen = (/** @type {InputEvent} */ event) => {
    const field = /** @type {HTMLInputElement} */ (event.currentTarget);
    const mark = field.form?.querySelector(`[name=q${number}][value=own]`);
    if (mark) /** @type {HTMLInputElement} */ (mark).checked = field.value.trim() !== "";
  };
  return html`${others ? option(several ? "checkbox" : "radio", number, "own", "Other answer", "") : nothing}
    <input class="own" name=${`own${number}`} aria-label="Other answer" autocomplete="off" @input=${chosen} />`;
}
