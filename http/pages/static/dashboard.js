// The page: which codebases there are, what one of them is doing, and what a person wants of it.

import { ask, follow, token } from "./api.js";
import { element, Story } from "./story.js";

const POLL = 2000;
const MOST_DOTS = 40; // codebases whose status is asked for, each time

const $ = (id) => document.getElementById(id);
const story = new Story($("story"), (id, answer) => act("POST", `permissions/${id}`, answer));

let chosen = null; // the codebase on the right
let shown = null; // its session that is told
let picked = false; // whether a person picked that session
let listening = new AbortController();
let agent = null; // the chosen codebase's status

// --- what went wrong -------------------------------------------------------------------------------------------------

const problems = new Map(); // by what they came from, so that what goes well hides no other's

function problem(source, text) {
  if (text) problems.set(source, text);
  else problems.delete(source);
  $("problem").textContent = [...problems.values()].join(" ");
  $("problem").hidden = !problems.size;
}

/** Do some work; whether it went well. What goes wrong stands there until the same goes well. */
async function trying(source, work) {
  try {
    await work();
    problem(source, null);
    return true;
  } catch (error) {
    if (error.status === 401 || error.code === "scope_missing") $("sign-in").hidden = false;
    problem(source, error.message);
    return false;
  }
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

function list(place, items, show) {
  place.replaceChildren(...items.map((item) => {
    const row = element("li");
    row.append(show(item));
    return row;
  }));
}

function choice(text, state, current, choose) {
  const button = element("button", `state ${state}`, text);
  button.setAttribute("aria-current", String(current));
  button.title = text;
  button.onclick = choose;
  return button;
}

async function look() {
  const service = await ask("GET", "/status");
  $("service").textContent = service.message;
  const codebases = await ask("GET", "/codebases");
  const states = await Promise.all(codebases.slice(0, MOST_DOTS).map(state));
  list($("codebases"), codebases, (one) => {
    const open = () => (location.hash = one.id);
    return choice(one.name, states[codebases.indexOf(one)] ?? "", one.id === chosen, open);
  });
  const here = codebases.find((one) => one.id === chosen);
  $("codebase").hidden = !here;
  $("nothing").hidden = Boolean(here);
  if (here) await lookAt(here);
}

const state = async (one) => (await ask("GET", `/codebases/${one.id}/status`)).status;

async function lookAt(codebase) {
  const [status, sessions, tasks] = await Promise.all(
    [at("status"), at("sessions?limit=20"), at("tasks?limit=20")].map((path) => ask("GET", path)),
  );
  if (codebase.id !== chosen) return; // another was chosen meanwhile
  agent = status;
  $("name").textContent = codebase.name;
  $("path").textContent = codebase.path;
  $("status").textContent = status.status;
  $("status").title = status.queue.message ?? "";
  $("status").className = `state ${status.status}`;
  $("interrupt").disabled = !["pending", "running"].includes(status.status);
  $("stop").disabled = status.status === "idle";
  $("say").textContent = { idle: "Start the agent", interrupted: "Go on" }[status.status] ?? "Steer the agent";
  const newest = status.session_id ?? sessions.sessions[0]?.id ?? null;
  if (!picked && newest !== shown) tell(newest);
  list($("sessions"), sessions.sessions, (one) => choice(one.title || one.prompt, one.status, one.id === shown, () => pick(one.id)));
  list($("tasks"), tasks.tasks, (one) => element("span", `state ${one.status}`, one.title));
}

function pick(session) {
  picked = true;
  tell(session);
  trying("look", look);
}

function tell(session) {
  listening.abort();
  listening = new AbortController();
  shown = session;
  problem("stream", null);
  story.clear();
  if (session === null) return;
  follow(at(`events?session_id=${session}`), (frame) => story.take(frame), (text) => problem("stream", text), listening.signal);
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
$("sign-in").onsubmit = (event) => {
  event.preventDefault();
  token.set($("sign-in").elements.token.value);
  $("sign-in").hidden = true;
  choose();
};
addEventListener("hashchange", choose);

async function watch() {
  await trying("look", look);
  setTimeout(watch, document.hidden ? 5 * POLL : POLL);
}

await choose();
setTimeout(watch, POLL);
