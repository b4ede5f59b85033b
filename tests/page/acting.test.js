// What a command of the page acts on: the codebase and the session that a person saw, and no other.

import assert from "node:assert/strict";
import { test } from "node:test";

globalThis.document = { createTreeWalker: () => ({}), createComment: () => ({}) }; // lit-html asks for these at once
globalThis.location = { hash: "" };
const part = (name) => import(`${process.env.PAGE}/${name}.js`);
const { LedgerApiError } = await part("client/ledger");
const { Actions } = await part("state/actions");
const { HOME, hashOf, parsed } = await part("state/address");
const { codebaseOf, emptyState, isCurrent, linksOf, meantBy } = await part("state/store");
const { moodOf } = await part("screens/composer");

const codebase = (id, name, session = null) => ({ id, name, path: `/srv/${id}`, overview: { session, state: "idle" } });
const at = (name, more) => ({ ...HOME, view: "session", codebase: name, ...more });

/** The page's commands, with a service that only keeps what it was asked for. */
function page(codebases, address) {
  const asked = [];
  const state = { ...emptyState(), address, codebases: new Map(codebases.map((one) => [one.id, one])) };
  const store = { state, change: (work) => work(state) };
  const keep = (id) => new Proxy({}, { get: (_, name) => async (...given) => void asked.push([id, name, ...given]) });
  const ledger = { codebase: keep, cancel: async (id) => void asked.push([id, "cancel"]) };
  const nothing = { again: () => {}, look: () => {}, needed: () => [], open: () => {}, arrived: () => {} };
  const actions = new Actions(store, ledger, nothing, nothing, { turn: () => {} });
  actions.audit = nothing;
  return { actions, asked, state };
}

const WORKING = { id: "s2", status: "running", title: "", prompt: "New" };
const TWO = [codebase("cb_1", "web", WORKING), codebase("cb_2", "shop", WORKING)];

test("a task without a codebase is refused in words, and no codebase is asked", async () => {
  const { actions, asked, state } = page(TWO, { ...HOME, view: "queue" });
  assert.deepEqual(await actions.plan([], { title: "t", prompt: "p" }), { done: false, left: [] });
  assert.equal(state.troubles.get("plan"), "Choose a codebase.");
  assert.equal((await actions.plan(["cb_1"], { title: "t", prompt: "p" })).done, true);
  assert.equal(state.troubles.has("plan"), false);
  assert.deepEqual(asked, [["cb_1", "addTask", "t", "p", {}]]);
});

const CONFIRMED = [
  ["stop", (actions) => actions.stop(), /^Stop web\?/, ["cb_1", "stop"]],
  ["remove", (actions) => actions.remove(), /^Remove web /, ["cb_1", "delete"]],
  ["cancel", (actions) => actions.cancelTask({ id: "t", status: "running", title: "Tidy" }), /“Tidy”/, ["t", "cancel"]],
  ["always", (actions) => actions.always({ id: "p", codebase: TWO[0], tool: "bash", always: ["rm *"] }), /^Always allow bash in web\? It covers: rm \*/, ["cb_1", "answer", "p", "always", undefined]],
];

for (const [name, ask, words, expected] of CONFIRMED) {
  test(`what is confirmed is what was asked: ${name}`, () => {
    const { actions, asked, state } = page(TWO, at("web"));
    ask(actions);
    assert.match(state.confirming.words, words);
    assert.deepEqual(asked, []);
    state.address = at("shop");
    actions.confirmed(true);
    assert.deepEqual(asked, [expected]);
  });

  test(`a question ends where the page goes elsewhere: ${name}`, () => {
    const { actions, asked, state } = page(TWO, at("web"));
    ask(actions);
    actions.follow(at("shop"));
    assert.equal(state.confirming, null);
    actions.confirmed(true);
    assert.deepEqual(asked, []);
  });
}

test("a session that began after the question isn't stopped", () => {
  const { actions, asked, state } = page(TWO, at("web"));
  actions.stop();
  state.codebases.set("cb_1", codebase("cb_1", "web", { id: "s3", status: "running" }));
  actions.confirmed(true);
  assert.deepEqual(asked, []);
  assert.match(state.troubles.get("stop"), /another session/);
});

test("a start leads to its session only where a person still looks at that codebase", async () => {
  for (const [elsewhere, hash] of [[false, "#/c/web"], [true, "#/before"]]) {
    const { actions, state } = page(TWO, at("web", { session: "s1" }));
    location.hash = "#/before";
    const started = actions.start("Do it");
    if (elsewhere) actions.follow(at("shop"));
    await started;
    assert.equal(location.hash, hash);
    assert.equal(state.troubles.size, 0);
  }
});

test("a session that isn't the current one takes no message, and a start only while the agent is idle", () => {
  const status = (one) => codebase("cb_1", "web", one && { id: "s2", status: one });
  const moods = { running: ["send", "elsewhere"], pending: ["send", "elsewhere"], interrupted: ["resume", "elsewhere"], completed: ["start", "again"], failed: ["start", "again"], stopped: ["start", "again"] };
  for (const [one, [current, past]] of Object.entries(moods)) assert.deepEqual([moodOf(status(one), true), moodOf(status(one), false)], [current, past], one);
  const views = [[null, true], ["s2", true], ["s1", false]];
  for (const [session, current] of views) assert.equal(isCurrent(page(TWO, at("web", { session })).state), current, session);
  assert.equal(isCurrent(page([codebase("cb_1", "web")], at("web")).state), true);
});

test("that the service didn't answer is said until it answers again; what it refused stays", async () => {
  const { actions, state } = page(TWO, at("web"));
  await actions.act("sync", async () => { throw new TypeError("Failed to fetch"); });
  await actions.act("change", async () => { throw new LedgerApiError(409, "busy", "It is busy."); });
  assert.deepEqual([...state.troubles], [["sync", "Failed to fetch"], ["change", "It is busy."]]);
  actions.returned();
  assert.deepEqual([...state.troubles], [["change", "It is busy."]]);
});

test("each codebase has a link that leads to it alone, whatever the others are called", () => {
  const all = [codebase("cb_1", "web"), codebase("cb_2", "web"), codebase("cb_3", "cb_1"), codebase("cb_4", "cb_4"), codebase("cb_5", "shop"), codebase("cb_6", "__proto__")];
  const { state } = page(all, HOME);
  const linked = linksOf(state.codebases);
  assert.deepEqual(all.map(linked), ["cb_1", "cb_2", "cb_3", "cb_4", "shop", "__proto__"]);
  for (const one of all) {
    const address = parsed(hashOf({ view: "session", codebase: linked(one) }));
    assert.equal(codebaseOf({ ...state, address })?.id, one.id);
  }
  assert.equal(linked({ id: "cb_gone", name: "shop" }), "cb_gone");
  assert.equal(linked({ id: "cb_gone", name: "left" }), "left");
  const several = { ...state, address: at("web") };
  assert.equal(codebaseOf(several), null);
  assert.deepEqual(meantBy(several).map(({ id }) => id), ["cb_1", "cb_2"]);
});
