// The dashboard: the list of codebases, the activity of one of them, and the controls of its agent.

import { ask, follow, login } from "./api.js";
import { element, keyed } from "./elements.js";
import { Story } from "./story.js";
import { oneLine, visibleProse } from "./visible.js";

const POLL = 2000;
const MOST_DOTS = 40; // the most codebases whose status is polled

const $ = (id) => document.getElementById(id);
const story = new Story($("events"), (id, answer) => act("POST", `permissions/${id}`, answer));

let chosen = null; // the codebase on the right
let shown = null; // its session in the transcript
let picked = false; // whether a person picked that session
let listening = new AbortController();
let agent = null; // the chosen codebase's status

// --- what went wrong -------------------------------------------------------------------------------------------------

const problems = new Map(); // by what they came from, so that what goes well hides no other's

function problem(source, text) {
  if (text) problems.set(source, text);
  else problems.delete(source);
  $("problem").textContent = oneLine([...problems.values()].join(" "));
  $("problem").hidden = !problems.size;
}

/** Do some work; whether it went well. What goes wrong stands there until the same goes well. */
async function trying(source, work) {
  try {
    await work();
    problem(source, null);
    return true;
  } catch (error) {
    if (["unauthorized", "not_from_the_page", "scope_missing"].includes(error.code)) offerSignIn(error.code !== "scope_missing");
    problem(source, error.message);
    return false;
  }
}

/** Show the form for a token. `ended`: whether the login that this page had is no longer valid. */
function offerSignIn(ended) {
  if (ended) login.forget();
  $("sign-in").hidden = false;
  $("sign-out").hidden = !login.known();
}

// --- what is asked of the chosen codebase ----------------------------------------------------------------------------

const at = (path) => `/codebases/${chosen}/${path}`;

async function act(method, path, body) {
  const done = await trying("act", () => ask(method, at(path), body ?? {}));
  await trying("look", look);
  return done;
}

async function speak(event) {
  event.preventDefault();
  const field = $("speak").elements.words;
  const words = field.value;
  const [path, body] = agent?.status === "idle" ? ["trigger", { prompt: words }] : ["message", { message: words }];
  picked = false;
  if (await act("POST", path, body)) field.value = "";
}

async function queue() {
  const field = $("speak").elements.words;
  if (!field.reportValidity()) return;
  const task = { title: field.value.trim().split("\n")[0].slice(0, 80), prompt: field.value };
  if (await act("POST", "tasks", task)) field.value = "";
}

// --- what is shown ---------------------------------------------------------------------------------------------------

/** A list of buttons, one for each item: `{id, text, state, current}`. */
function choices(place, items, choose) {
  keyed(place, items, (one) => one.id, () => element("button"), (button, one) => {
    show(button, one);
    button.setAttribute("aria-current", String(one.current));
    button.onclick = () => choose(one.id);
  });
}

/** Change an element to what it shows now; what is as it was isn't touched. */
function show(place, { text, state: now, title = text, written = oneLine }) {
  if (place.textContent !== written(text)) place.textContent = written(text);
  if (now !== undefined) place.className = `state ${now}`;
  place.title = written(title);
}

const sentence = (text) => visibleProse(text, "");

/** Switch a button on or off; the keyboard isn't left on one that is off. */
function enable(button, on) {
  if (!on && document.activeElement === button) $("speak").elements.words.focus();
  button.disabled = !on;
}

/** On a phone, show one of the three parts of the page. */
function turnTo(pane) {
  document.body.dataset.pane = pane;
  for (const button of $("panes").children) {
    button.setAttribute("aria-pressed", String(button.value === pane));
    const left = document.activeElement.offsetParent === null && document.activeElement !== document.body;
    if (button.value === pane && left) button.focus(); // what was in focus isn't shown any more
  }
}

async function look() {
  const service = await ask("GET", "/status");
  show($("service"), { text: service.message });
  const codebases = await ask("GET", "/codebases");
  const states = await Promise.all(codebases.slice(0, MOST_DOTS).map(state));
  const rows = codebases.map(({ id, name }, number) => ({ id, text: name, state: states[number] ?? "", current: id === chosen }));
  choices($("codebases"), rows, open);
  const here = codebases.find((one) => one.id === chosen);
  $("codebase").hidden = !here;
  $("nothing").hidden = Boolean(here);
  if (here) await lookAt(here);
}

function open(codebase) {
  location.hash = codebase;
  turnTo("session");
}

const state = async (one) => (await ask("GET", `/codebases/${one.id}/status`)).status;

async function lookAt(codebase) {
  const [status, sessions, tasks] = await Promise.all(
    [at("status"), at("sessions?limit=20"), at("tasks?limit=20")].map((path) => ask("GET", path)),
  );
  if (codebase.id !== chosen) return; // another was chosen meanwhile
  agent = status;
  show($("name"), { text: codebase.name });
  show($("path"), { text: codebase.path });
  show($("status"), { text: status.status, state: status.status, title: status.queue.message ?? "" });
  enable($("interrupt"), ["pending", "running"].includes(status.status));
  enable($("stop"), status.status !== "idle");
  $("say").textContent = { idle: "Start agent", interrupted: "Resume" }[status.status] ?? "Send";
  const newest = status.session_id ?? sessions.sessions[0]?.id ?? null;
  if (!picked && newest !== shown) showSession(newest);
  const rows = sessions.sessions.map(({ id, title, prompt, status: state }) => (
    { id, text: title || prompt || id, state, current: id === shown, written: sentence }
  ));
  choices($("sessions"), rows, pick);
  keyed($("tasks"), tasks.tasks, (one) => one.id, () => element("span"), (row, one) => (
    show(row, { text: one.title, state: one.status, written: sentence })
  ));
}

function pick(session) {
  picked = true;
  turnTo("session");
  showSession(session);
  trying("look", look);
}

function showSession(session) {
  listening.abort();
  listening = new AbortController();
  shown = session;
  problem("stream", null);
  story.clear();
  if (session === null) return;
  follow(chosen, session, (event) => story.take(event), (text) => problem("stream", text), listening.signal);
}

function choose() {
  chosen = location.hash.slice(1) || null;
  [shown, picked, agent] = [null, false, null];
  listening.abort();
  story.clear();
  problem("act", null);
  return trying("look", look);
}

// --- its beginning ---------------------------------------------------------------------------------------------------

$("speak").onsubmit = speak;
$("queue").onclick = queue;
$("interrupt").onclick = () => act("POST", "interrupt");
$("stop").onclick = () => act("POST", "stop");
$("register").onsubmit = (event) => {
  event.preventDefault();
  const { name, path, auto_approve: approve } = $("register").elements;
  const wanted = { name: name.value, path: path.value, agent_config: { auto_approve: approve.checked } };
  trying("act", async () => {
    location.hash = (await ask("POST", "/codebases", wanted)).codebase.id;
    $("register").reset();
  });
};
$("sign-in").onsubmit = async (event) => {
  event.preventDefault();
  if (!(await trying("sign-in", () => login.start($("sign-in").elements.token.value)))) return;
  $("sign-in").reset();
  $("sign-in").hidden = true;
  $("sign-out").hidden = false;
  choose();
};
$("sign-out").onclick = async () => {
  if (await trying("sign-in", login.end)) location.reload();
};
for (const button of $("panes").children) button.onclick = () => turnTo(button.value);
addEventListener("hashchange", choose);

async function watch() {
  await trying("look", look);
  setTimeout(watch, document.hidden ? 5 * POLL : POLL);
}

$("sign-out").hidden = !login.known();
turnTo(location.hash ? "session" : "agents");
await choose();
setTimeout(watch, POLL);
