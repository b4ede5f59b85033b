// Proof: the signed log, an event in it, what somebody kept of it, and what was erased. All is checked in this browser.

import { html, nothing } from "../vendored/lit-html/lit-html.js";
import { headline, rootOf } from "../parts/proofs/check_log.js";
import { counted } from "../parts/proofs/findings.js";
import { save } from "../parts/hand_over.js";
import { clock } from "../parts/times.js";
import { oneLine, visible, visibleProse } from "../parts/visible.js";
import { hashOf } from "../state/address.js";
import { codebaseOf, sessionOf } from "../state/store.js";
import { findingList, proving, verdictMark, VERDICTS } from "./verdict.js";

/** @import { Actions } from "../state/actions.js" */
/** @import { State } from "../state/store.js" */
/** @import { ListedCodebase } from "../client/ledger.js" */

/** @param {State} state @param {Actions} actions */
export function proof(state, actions) {
  const codebase = codebaseOf(state);
  return html`<section class="proof" aria-labelledby="proof-title">
    <h3 id="proof-title">Proof</h3>
    ${log(state, actions)} ${codebase ? anEvent(state, actions, codebase) : chooseFirst()} ${compare(state, actions)}
    ${codebase ? [erasures(state, actions, codebase), download(codebase)] : nothing}
  </section>`;
}

const chooseFirst = () => html`<p class="hint">To prove an event, open its codebase and session, and choose Proof or Events there.</p>`;

// --- the log -----------------------------------------------------------------------------------------------------------

/** @param {State} state @param {Actions} actions */
function log({ audit, now, away }, actions) {
  const { log: check, checkedAt, checking, trouble } = audit;
  const look = check ? VERDICTS[check.verdict].look : "warn";
  return html`<section class="part" aria-labelledby="log-title">
    <h4 id="log-title">The log</h4>
    <p role="status">
      ${trouble ? html`<strong class="bad">Not checked: ${visibleProse(trouble)}</strong>` : check ? html`<strong class=${look}>The log is ${headline(check)}.</strong>` : "Not checked yet."}
      ${checkedAt ? html`<small>Checked in this browser at ${clock(checkedAt, now)}.</small>` : nothing}
    </p>
    ${check ? findingList(check.findings) : nothing} ${check?.checkpoint && check.key ? facts(check.checkpoint, check.key) : nothing}
    <p class="buttons">
      <button type="button" ?disabled=${checking || away !== null} @click=${actions.audit.check}>${checking ? "Checking…" : "Check now"}</button>
      ${check?.checkpoint ? keeping(check.checkpoint) : nothing}
      ${check?.verdict === "wrong" ? html`<button type="button" @click=${forget(actions)}>Forget what this browser kept…</button>` : nothing}
    </p>
    <p class="hint">
      This browser keeps the key and the newest checkpoint that it found sound, and compares each later one with them. Anyone who
      holds the service's key can sign another history: keep a checkpoint and the key where the service can't reach them.
    </p>
  </section>`;
}

/** @param {import("../parts/proofs/signed_note.js").Checkpoint} checkpoint @param {import("../parts/proofs/signed_note.js").Key} key */
const facts = (checkpoint, key) => html`<dl class="facts">
    <dt>Events</dt>
    <dd>${checkpoint.size.toLocaleString("en-US")}</dd>
    <dt>Root</dt>
    <dd><code id="root">${rootOf(checkpoint)}</code></dd>
    <dt>Key</dt>
    <dd><code>${oneLine(key.text)}</code></dd>
  </dl>
  <details>
    <summary>The checkpoint as it was signed</summary>
    <pre tabindex="0">${visible(checkpoint.note)}</pre>
  </details>`;

/** @param {import("../parts/proofs/signed_note.js").Checkpoint} checkpoint */
const keeping = ({ note, size }) =>
  html`<button type="button" @click=${() => save(note, `checkpoint-${size}.txt`)}>Save this checkpoint</button>`;

/** @param {Actions} actions */
const forget = (actions) => () =>
  actions.confirm(
    "Forget the key and the checkpoint that this browser kept? Do so only if you know why they don't fit, as after a backup was restored.",
    "Forget",
    actions.audit.forget,
  );

// --- an event ----------------------------------------------------------------------------------------------------------

/** @param {State} state @param {Actions} actions @param {ListedCodebase} codebase */
function anEvent(state, actions, codebase) {
  const { session, address } = state;
  const number = address.event ?? session?.events.at(-1)?.id ?? 1;
  const submit = (/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    const wanted = Number(new FormData(/** @type {HTMLFormElement} */ (event.currentTarget)).get("event"));
    actions.replace({ view: "proof", event: wanted });
    actions.audit.prove(codebase.id, wanted);
  };
  const events = hashOf({ ...address, view: "events", session: sessionOf(state), event: address.event });
  return html`<section class="part" aria-labelledby="event-title">
    <h4 id="event-title">An event</h4>
    <form class="line" @submit=${submit}>
      <label>Event number in ${oneLine(codebase.name)} <input type="number" name="event" min="1" max="999999999999999" required .value=${String(number)} /></label>
      <button>Prove it</button> <a href=${events}>Find it in the list of events</a>
    </form>
    ${address.event === null ? nothing : proving(state, actions, codebase.id, address.event)}
  </section>`;
}

// --- what was kept -----------------------------------------------------------------------------------------------------

/** @param {State} state @param {Actions} actions */
function compare({ audit }, actions) {
  const drop = (/** @type {DragEvent} */ event) => {
    event.preventDefault();
    over(event, false);
    actions.audit.compare(event.dataTransfer?.files ?? []);
  };
  const choose = async (/** @type {Event} */ event) => {
    const field = /** @type {HTMLInputElement} */ (event.currentTarget);
    await actions.audit.compare(field.files ?? []);
    field.value = "";
  };
  return html`<section class="part" aria-labelledby="kept-title">
    <h4 id="kept-title">What you kept</h4>
    <div class="drop" id="drop" @dragover=${(/** @type {DragEvent} */ event) => over(event, true)} @dragleave=${(/** @type {DragEvent} */ event) => over(event, false)} @drop=${drop}>
      <label>Drop a checkpoint, a public key or an export here, or choose files: <input type="file" multiple @change=${choose} /></label>
    </div>
    <ul class="compared" role="status">
      ${audit.compared.map(({ name, verdict, findings }) => html`<li>${verdictMark(verdict)} <code>${oneLine(name)}</code> ${findingList(findings)}</li>`)}
    </ul>
    <p class="hint">Of an export, only its checkpoint and key are compared here: its events may be forged. <code>opencode-ledger audit verify FILE --key KEY</code> checks them.</p>
  </section>`;
}

/** @param {DragEvent} event @param {boolean} on */
function over(event, on) {
  event.preventDefault();
  /** @type {HTMLElement} */ (event.currentTarget).classList.toggle("over", on);
}

// --- erasures and the export -----------------------------------------------------------------------------------------

/** @param {State} state @param {Actions} actions @param {ListedCodebase} codebase */
function erasures({ audit, now, away, address }, actions, codebase) {
  const found = audit.erasures?.codebase === codebase.id ? audit.erasures : null;
  return html`<section class="part" aria-labelledby="erasures-title">
    <h4 id="erasures-title">Erasures in ${oneLine(codebase.name)}</h4>
    <p>
      <button type="button" ?disabled=${found?.looking || away !== null} @click=${() => actions.audit.erasures.look(codebase.id)}>Look through its log</button>
      <span role="status">${found ? progress(found) : nothing}</span>
    </p>
    <ul>
      ${found?.erasures.map((one) => html`<li>
          <a href=${hashOf({ view: "events", codebase: address.codebase, event: one.sequence })}>Event ${one.sequence}</a>, ${clock(one.at, now)}:
          ${counted(one.count, "event")} erased by ${oneLine(one.by)}. ${visibleProse(one.reason)}
        </li>`)}
    </ul>
    ${found?.wrong.length ? html`<p class="bad">✗ What is left of these events is not what an erasure recorded: ${found.wrong.join(", ")}.</p>` : nothing}
  </section>`;
}

/** @param {import("../state/erasures.js").Found} found */
function progress({ looking, done, head, erasures: list, trouble, wrong }) {
  if (trouble) return `Not finished: ${trouble}`;
  if (looking) return `${done} of ${head} events`;
  const what = list.length ? counted(list.length, "erasure") : "Nothing was erased";
  return `${what} in ${head} events.${list.length && !wrong.length ? " What is left of each erased event is as its erasure recorded." : ""}`;
}

/** @param {ListedCodebase} codebase */
const download = ({ id, name }) => html`<section class="part" aria-labelledby="export-title">
  <h4 id="export-title">Export</h4>
  <p>
    <a class="button" href="v1/opencode/codebases/${encodeURIComponent(id)}/log/export" download>Download the log of ${oneLine(name)}</a>
    with its proof. <code>opencode-ledger audit verify FILE</code> checks it without this service.
  </p>
</section>`;
