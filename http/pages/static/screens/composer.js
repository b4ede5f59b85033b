// The form for what a person says to the agent: a prompt with its model, agent and files, or a message; now or by the queue.

import { html, nothing } from "../vendored/lit-html/lit-html.js";
import { live } from "../vendored/lit-html/directives/live.js";
import { oneLine } from "../parts/visible.js";
import { hashOf } from "../state/address.js";
import { codebaseOf, isCurrent, linksOf, mayAct } from "../state/store.js";

/** @import { ListedCodebase, Model, Work } from "../client/ledger.js" */
/** @import { Actions } from "../state/actions.js" */
/** @import { State } from "../state/store.js" */

/** @typedef {{ words: string, model: string, agent: string, files: string }} Draft */

/** What is written for each codebase and not sent yet: it stays there while a person looks elsewhere. @type {Map<string, Draft>} */
const drafts = new Map();

const AGENTS = new Map([
  ["build", "build: does the work"],
  ["plan", "plan: changes nothing"],
  ["explore", "explore: only looks"],
  ["general", "general"],
]);

/** @param {string} id @returns {Draft} */
function draftOf(id) {
  const draft = drafts.get(id) ?? { words: "", model: "", agent: "", files: "" };
  drafts.set(id, draft);
  return draft;
}

/** Names of files, as they are written: with commas or on lines of their own. @param {string} written */
export const filesIn = (written) => written.split(/[,\n]/).map((name) => name.trim()).filter(Boolean);

/** A title for a task: the first line of its prompt. @param {string} prompt */
export const titleOf = (prompt) => prompt.trim().split("\n", 1)[0]?.slice(0, 80) ?? "";

/** @type {Record<string, { verb: string, hint: string }>} */
const MOODS = {
  start: { verb: "Start agent", hint: "What should the agent do?" },
  send: { verb: "Send", hint: "Say more to the agent. It reads this at its next step." },
  resume: { verb: "Resume", hint: "How should the agent go on?" },
  again: { verb: "Start a new session", hint: "What should the agent do? It begins a new session: this one is over." },
  elsewhere: { verb: "Send", hint: "What should the agent do later? A task for the queue can be written here." },
};

/**
 * What can be said now. On a session that isn't the current one nothing reaches that one: a new one may start, if the agent is idle.
 *
 * @param {ListedCodebase} codebase
 * @param {boolean} current whether the session of the view is the codebase's current one
 */
export function moodOf({ overview }, current) {
  const status = overview.session?.status ?? "";
  if (!current) return ["interrupted", "running", "pending"].includes(status) ? "elsewhere" : "again";
  return status === "interrupted" ? "resume" : ["running", "pending"].includes(status) ? "send" : "start";
}

/**
 * @param {State} state
 * @param {Actions} actions
 */
export function composer(state, actions) {
  const codebase = codebaseOf(state);
  if (!codebase) return nothing;
  const draft = draftOf(codebase.id);
  const mood = moodOf(codebase, isCurrent(state));
  const { verb, hint } = /** @type {{ verb: string, hint: string }} */ (MOODS[mood]);
  const off = !mayAct(state) || state.doing.has("say") || state.doing.has("plan");
  const write = (/** @type {keyof Draft} */ name) => (/** @type {Event} */ { currentTarget }) => void (draft[name] = /** @type {HTMLInputElement} */ (currentTarget).value);
  const mute = off || mood === "elsewhere";
  return html`<form id="speak" class="composer" @submit=${submit(codebase, mood, actions)} @keydown=${submitWithControl}>
    ${mood === "elsewhere" ? elsewhere(codebase, state) : nothing}
    <label class="unseen" for="words">Message to the agent of ${oneLine(codebase.name)}</label>
    <textarea id="words" name="words" rows="3" required placeholder=${hint} .value=${live(draft.words)} @input=${write("words")}></textarea>
    <div class="row">
      ${choice("model", "Model", modelsOf(state), draft.model, write("model"))} ${choice("agent", "Agent", agentsOf(), draft.agent, write("agent"))}
      <input name="files" aria-label="Files for the start or the queue, separated by commas" placeholder="Files: src/cart.py, README.md" autocomplete="off" .value=${live(draft.files)} @input=${write("files")} />
      <span class="send"><button id="queue" ?disabled=${off}>Add to queue</button>
      <button id="say" class="yes" ?disabled=${mute} title="Ctrl+Enter">${verb}</button></span>
    </div>
    ${starts(mood) || !filesIn(draft.files).length ? nothing : html`<p class="hint">Files go with a start or a task of the queue, not with a message.</p>`}
  </form>`;
}

/** Whether what is said begins a session. @param {string} mood */
const starts = (mood) => mood === "start" || mood === "again";

/** Where the agent works, for a person who looks at another of its sessions. @param {ListedCodebase} codebase @param {State} state */
function elsewhere(codebase, { codebases }) {
  const { id, prompt } = /** @type {NonNullable<ListedCodebase["overview"]["session"]>} */ (codebase.overview.session);
  const address = { view: /** @type {const} */ ("session"), codebase: linksOf(codebases)(codebase), session: id };
  return html`<p class="hint" id="elsewhere">This isn't the current session. The agent works on <a href=${hashOf(address)}>${oneLine(titleOf(prompt) || id)}</a>.</p>`;
}

/** @param {string} name @param {string} label @param {[string, string][]} options @param {string} chosen @param {(event: Event) => void} change */
const choice = (name, label, options, chosen, change) => html`<select name=${name} aria-label=${label} @change=${change}>
  ${options.map(([value, words]) => html`<option value=${value} ?selected=${value === chosen}>${oneLine(words)}</option>`)}
</select>`;

/** @param {State} state @returns {[string, string][]} */
function modelsOf({ read }) {
  /** @type {Model[]} */
  const models = read["models"]?.value ?? [];
  return [["", "Default model"], ...models.map(({ id, name, provider }) => /** @type {[string, string]} */ ([id, `${name} (${provider})`]))];
}

/** @returns {[string, string][]} */
const agentsOf = () => [["", "Default agent"], ...AGENTS];

/** @param {ListedCodebase} codebase @param {string} mood @param {Actions} actions */
const submit = (codebase, mood, actions) => async (/** @type {SubmitEvent} */ event) => {
  event.preventDefault();
  const draft = draftOf(codebase.id);
  const queue = event.submitter?.id === "queue";
  const words = draft.words;
  const button = /** @type {HTMLButtonElement | null} */ (event.submitter);
  if (!words.trim() || button?.disabled || (mood === "elsewhere" && !queue)) return;
  if (await said(codebase, draft, queue ? "queue" : mood, actions)) {
    if (draft.words === words) Object.assign(draft, { words: "", files: queue || starts(mood) ? "" : draft.files });
    actions.store.change(() => {});
  }
};

/** @param {ListedCodebase} codebase @param {Draft} draft @param {string} mood @param {Actions} actions */
async function said(codebase, { words, model, agent, files }, mood, actions) {
  /** @type {Work} */
  const work = { ...(model ? { model } : {}), ...(agent ? { agent: /** @type {Work["agent"]} */ (agent) } : {}) };
  if (mood === "send" || mood === "resume") return actions.send(words, work);
  const whole = filesIn(files).length ? { ...work, files: filesIn(files) } : work;
  if (starts(mood)) return actions.start(words, whole);
  return (await actions.plan([codebase.id], { title: titleOf(words), prompt: words, ...whole })).done;
}

/** @param {KeyboardEvent} event */
function submitWithControl(event) {
  if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
  event.preventDefault();
  const form = /** @type {HTMLFormElement} */ (event.currentTarget);
  form.requestSubmit(/** @type {HTMLElement} */ (form.querySelector("#say")));
}
