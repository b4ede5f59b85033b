// The queues of all codebases as a board: what waits, what runs, what is done. Order and priority by keys and by dragging.

import { html, nothing } from "../vendored/lit-html/lit-html.js";
import { repeat } from "../vendored/lit-html/directives/repeat.js";
import { boardOf, moved } from "../parts/board.js";
import { reasonInWords, stateMark } from "../parts/states.js";
import { clock } from "../parts/times.js";
import { oneLine, visibleProse } from "../parts/visible.js";
import { hashOf } from "../state/address.js";
import { linksOf, mayAct } from "../state/store.js";
import { modal } from "./modal.js";

/** @import { ListedTask, Task, Tasks } from "../client/ledger.js" */
/** @import { Actions } from "../state/actions.js" */
/** @import { State } from "../state/store.js" */

const DRAGGED = "application/x-ledger-task";

/**
 * @param {State} state
 * @param {Actions} actions
 */
export function queue(state, actions) {
  /** @type {Tasks | null} */
  const all = state.read["tasks"]?.value ?? null;
  const linked = linksOf(state.codebases);
  const { waiting, atWork, done } = boardOf(all?.tasks ?? [], nameOf(state));
  return html`<section class="queue" aria-labelledby="queue-title">
    <h2 id="queue-title">Queue</h2>
    ${planner(state, actions)}
    <div class="board">
      ${column("Waiting", waiting, (task) => card(task, waiting, state, actions, linked))}
      ${column("At work", atWork, (task) => card(task, [], state, actions, linked))}
      ${column("Done", done, (task) => card(task, [], state, actions, linked))}
    </div>
    ${all && all.total > all.tasks.length ? html`<p class="hint">The newest ${all.tasks.length} of ${all.total} tasks.</p>` : nothing}
    ${state.editing ? editor(state.editing, state, actions) : nothing}
  </section>`;
}

/** @param {State} state */
const nameOf = (state) => (/** @type {string} */ id) => state.codebases.get(id)?.name ?? id;

/** @param {string} title @param {ListedTask[]} tasks @param {(task: ListedTask) => unknown} made */
const column = (title, tasks, made) => html`<section aria-label=${title}>
  <h3>${title} <small>${tasks.length}</small></h3>
  <ul data-list>${repeat(tasks, (one) => one.id, made)}</ul>
  ${tasks.length ? nothing : html`<p class="hint">Nothing.</p>`}
</section>`;

/** @param {ListedTask} task @param {ListedTask[]} waiting @param {State} state @param {Actions} actions @param {ReturnType<typeof linksOf>} linked */
function card(task, waiting, state, actions, linked) {
  const off = !mayAct(state) || state.doing.has(`task ${task.id}`);
  const pending = task.status === "pending";
  const move = (/** @type {number} */ by) => {
    const changes = moved(task, waiting, by);
    if (changes && !off) actions.changeTask(task.id, changes);
  };
  const name = nameOf(state)(task.codebase_id);
  const address = { view: /** @type {const} */ ("session"), codebase: linked({ id: task.codebase_id, name }), session: task.session_id ?? null };
  return html`<li class="task" data-key=${task.id} tabindex="-1" draggable=${pending && !off}
    @keydown=${(/** @type {KeyboardEvent} */ event) => moveByKeys(event, move)}
    @dragstart=${(/** @type {DragEvent} */ event) => event.dataTransfer?.setData(DRAGGED, JSON.stringify(task))}
    @dragover=${(/** @type {DragEvent} */ event) => pending && event.preventDefault()}
    @drop=${(/** @type {DragEvent} */ event) => pending && dropped(event, task, waiting, actions)}>
    <a href=${hashOf(address)}>${visibleProse(task.title, "")}</a>
    <p class="facts">${oneLine(name)} · ${stateMark(task.status)}${task.priority ? ` · priority ${task.priority}` : ""}${task.place ? ` · place ${task.place}` : ""} ·
      ${clock(task.completed_at ?? task.started_at ?? task.created_at, state.now)}${task.by && task.by !== "local" ? ` · by ${oneLine(task.by)}` : ""}</p>
    ${task.reason ? html`<p class="reason">${visibleProse(reasonInWords(task.reason), "")}</p>` : nothing}
    <p class="answer">${pending ? forWaiting(task, off, move, actions) : nothing} ${forAll(task, off, actions)}</p>
  </li>`;
}

/** @param {ListedTask} task @param {boolean} off @param {(by: number) => void} move @param {Actions} actions */
const forWaiting = ({ id, title, priority }, off, move, actions) => html`
  <button type="button" ?disabled=${off} aria-label=${`Earlier: ${oneLine(title)}`} title="Earlier (Alt+↑)" @click=${() => move(-1)}>↑</button>
  <button type="button" ?disabled=${off} aria-label=${`Later: ${oneLine(title)}`} title="Later (Alt+↓)" @click=${() => move(1)}>↓</button>
  <button type="button" ?disabled=${off} aria-label=${`Higher priority: ${oneLine(title)}`} @click=${() => actions.changeTask(id, { priority: priority + 1 })}>Higher priority</button>
  <button type="button" ?disabled=${off} aria-label=${`Lower priority: ${oneLine(title)}`} @click=${() => actions.changeTask(id, { priority: priority - 1 })}>Lower priority</button>
  <button type="button" ?disabled=${off} aria-label=${`Edit: ${oneLine(title)}`} @click=${() => actions.edit(id)}>Edit</button>`;

/** @param {ListedTask} task @param {boolean} off @param {Actions} actions */
function forAll(task, off, actions) {
  const ended = ["completed", "failed", "cancelled"].includes(task.status);
  const [words, run] = ended ? ["Retry", () => actions.retryTask(task.id)] : ["Cancel", () => actions.cancelTask(task)];
  return html`<button type="button" ?disabled=${off} aria-label=${`${words}: ${oneLine(task.title)}`} @click=${run}>${words}</button>`;
}

/** @param {KeyboardEvent} event @param {(by: number) => void} move */
function moveByKeys(event, move) {
  const by = event.altKey ? { ArrowUp: -1, ArrowDown: 1 }[event.key] : undefined;
  if (by === undefined) return;
  event.preventDefault();
  move(by);
}

/** @param {DragEvent} event @param {ListedTask} target @param {ListedTask[]} waiting @param {Actions} actions */
function dropped(event, target, waiting, actions) {
  event.preventDefault();
  const given = event.dataTransfer?.getData(DRAGGED);
  if (!given) return;
  /** @type {ListedTask} */
  const task = JSON.parse(given);
  const same = task.codebase_id === target.codebase_id && task.id !== target.id;
  const down = waiting.findIndex((one) => one.id === task.id) < waiting.findIndex((one) => one.id === target.id);
  const by = waiting.filter((one) => one.codebase_id === target.codebase_id).findIndex((one) => one.id === target.id);
  const from = waiting.filter((one) => one.codebase_id === target.codebase_id).findIndex((one) => one.id === task.id);
  const changes = same && from >= 0 ? moved(task, waiting, by - from) : null;
  if (changes && (down || by < from)) actions.changeTask(task.id, changes);
}

/** The form for a new task, for one codebase or several. @param {State} state @param {Actions} actions */
function planner(state, actions) {
  const off = !mayAct(state) || state.doing.has("plan");
  const plan = async (/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    const form = /** @type {HTMLFormElement} */ (event.currentTarget);
    const given = new FormData(form);
    const prompt = String(given.get("prompt"));
    const title = String(given.get("title")).trim() || (prompt.trim().split("\n")[0] ?? "").slice(0, 80);
    const { done, left } = await actions.plan(given.getAll("codebase").map(String), { title, prompt, priority: Number(given.get("priority")) });
    if (done) form.reset();
    else for (const box of form.querySelectorAll("[name=codebase]")) /** @type {HTMLInputElement} */ (box).checked = left.includes(/** @type {HTMLInputElement} */ (box).value);
  };
  const codebases = [...state.codebases.values()].sort((one, other) => one.name.localeCompare(other.name));
  return html`<details class="planner">
    <summary>New task</summary>
    <form @submit=${plan}>
      <label>Prompt <textarea name="prompt" rows="3" required></textarea></label>
      <label>Title <input name="title" autocomplete="off" placeholder="The prompt's first line" /></label>
      <label>Priority <input name="priority" type="number" value="0" min="-1000" max="1000" /></label>
      <fieldset>
        <legend>For these codebases</legend>
        <div class="many">${repeat(codebases, (one) => one.id, ({ id, name }) => html`<label class="box"><input type="checkbox" name="codebase" value=${id} /> ${oneLine(name)}</label>`)}</div>
      </fieldset>
      <button ?disabled=${off}>Add to the queue</button>
    </form>
  </details>`;
}

/** @param {Task} task @param {State} state @param {Actions} actions */
function editor(task, state, actions) {
  const close = () => actions.edit(null);
  const save = async (/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    const given = new FormData(/** @type {HTMLFormElement} */ (event.currentTarget));
    const changes = { title: String(given.get("title")), prompt: String(given.get("prompt")) };
    if (await actions.changeTask(task.id, changes)) close();
  };
  const failed = state.troubles.get(`task ${task.id}`);
  return modal(
    "Edit a task",
    close,
    html`<form @submit=${save} class="planner">
      <label>Title <input name="title" required value=${task.title} /></label>
      <label>Prompt <textarea name="prompt" rows="8" required .value=${task.prompt}></textarea></label>
      ${failed ? html`<p class="bad" role="alert">${oneLine(failed)}</p>` : nothing}
      <div class="answer">
        <button class="yes" ?disabled=${!mayAct(state) || state.doing.has(`task ${task.id}`)}>Save</button>
        <button type="button" @click=${close}>Close</button>
      </div>
    </form>`,
  );
}
