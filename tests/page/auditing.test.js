// What an auditor reads on the page: events in short, changed files, moments, what changed in between, addresses, the badge.

import assert from "node:assert/strict";
import { test } from "node:test";

globalThis.document = { createTreeWalker: () => ({}), createComment: () => ({}) }; // lit-html asks for these at once
const part = (name) => import(`${process.env.PAGE}/${name}.js`);
const { changedFiles, patchOf } = await part("parts/changed_files");
const { differenceOf } = await part("parts/difference");
const { between, countUpTo, nextMarked, ticks, upTo } = await part("parts/moments");
const { shortForm, whoCaused } = await part("parts/short_form");
const { hashOf, parsed } = await part("state/address");
const { blockView } = await part("screens/blocks");
const { VERDICTS } = await part("screens/verdict");
const { whatToShow } = await part("screens/badge");
const { firstRow } = await part("screens/events");
const { lineOf } = await part("screens/time_line_of");
const { emptyState } = await part("state/store");

const at = (second) => new Date(Date.UTC(2026, 0, 31, 12, 0, second)).toISOString();
const event = (id, kind, data = {}) => ({ id, event: kind, data: { timestamp: at(id), ...data }, raw: "{}" });

// --- short forms -----------------------------------------------------------------------------------------------------

test("every kind of event has a short form", () => {
  const forms = {
    access: [{ program: "curl", calls: ["GET /v1"] }, 'refused: curl ["GET /v1"]'],
    codebase: [{ action: "registered", name: "shop", path: "/srv/shop" }, "registered shop /srv/shop"],
    complete: [{ status: "completed", summary: "Done." }, "completed: Done."],
    erasure: [{ reason: "private", tombstones: { 1: "", 2: "" } }, "2 events erased: private"],
    error: [{ error: "No credit", code: "PROVIDER" }, "No credit (PROVIDER)"],
    file_change: [{ action: "create", path: "a.py" }, "create a.py"],
    file_diff: [{ action: "modify", path: "a.py", additions: 2, deletions: 1 }, "modify a.py +2 −1"],
    message_delivered: [{ message_id: "msg_1" }, "the agent took msg_1"],
    message_imported: [{ role: "user", content: "Hello" }, "user: Hello"],
    message_sent: [{ content: "Fix\n\tit" }, "Fix it"],
    output: [{ type: "reasoning", content: "Hm" }, "(reasoning) Hm"],
    output_imported: [{ tool: "bash", call_id: "c" }, "bash c"],
    permission: [{ action: "asked", tool: "bash", args: { command: "rm x" } }, "asks: bash rm x"],
    request: [{ status: 200, key: "k" }, "answered 200 to k"],
    service: [{ action: "log_read", read: "export", codebase: "cb_a" }, "log_read export cb_a"],
    session: [{ action: "started", model: "a/b", prompt: "Fix" }, "started a/b Fix"],
    status: [{ status: "running", message: "Agent started" }, "running: Agent started"],
    task: [{ action: "created", title: "Fix" }, "created Fix"],
    tool_result: [{ tool: "bash", status: "error", output: "no" }, "bash error no"],
    tool_use: [{ tool: "read", args: { filePath: "a.py", limit: 3 } }, "read a.py"],
    usage: [{ tokens: { input: 900, output: 40 }, cost: 0.03 }, "900 tokens in, 40 out, $0.03"],
    of_tomorrow: [{ a: 1 }, '{"a":1}'],
  };
  for (const [kind, [data, short]] of Object.entries(forms)) assert.equal(shortForm(kind, data), short, kind);
});

test("what an agent hides or names like a method is shown, and does nothing", () => {
  assert.equal(shortForm("tool_use", { tool: "bash", args: { command: "rm \u202egol.dlo" } }), "bash rm <U+202E>gol.dlo");
  assert.equal(shortForm("clear", {}), "{}");
  assert.equal(shortForm("__proto__", { x: 1 }), '{"x":1}');
  assert.equal(shortForm("constructor", {}), "{}");
  assert.equal(shortForm("output", { content: "x".repeat(10 ** 6) }).length, 201);
  assert.equal(shortForm("tool_use", { tool: "t", args: JSON.parse('{"__proto__":"<script>"}') }), 't {"__proto__":"<script>"}');
  for (const data of [{}, { args: null, tokens: null, calls: 3, tombstones: null }, { tool: {}, path: 7, content: null }]) {
    for (const kind of ["access", "erasure", "output", "permission", "tool_use", "usage"]) assert.equal(typeof shortForm(kind, data), "string");
  }
  assert.equal(whoCaused({ by: "an\u202ena", via: "gateway" }), "an<U+202E>na (via gateway)");
  assert.equal(whoCaused({}), "");
});

test("who decided a permission is said", () => {
  const said = (data) => shortForm("permission", { action: "replied", ...data });
  assert.equal(said({ reply: "once", decided_by: "user", by: "anna" }), "allowed once");
  assert.equal(said({ reply: "once", decided_by: "user" }), "allowed once by a person");
  assert.equal(said({ reply: "reject", decided_by: "timeout" }), "rejected because nobody answered in time");
  assert.equal(said({ reply: "reject", decided_by: "user", by: "a", message: "No" }), "rejected “No”");
  assert.equal(said({ reply: "always", decided_by: "auto_approve" }), "always allowed automatically");
  assert.equal(said({ reply: "once", decided_by: "agent", answers: [["a"]] }), "answered by the agent itself");
});

// --- changed files ---------------------------------------------------------------------------------------------------

const changed = (id, path, action = "modify") => event(id, "file_change", { path, action });
const compared = (id, path, more = {}) => event(id, "file_diff", { path, action: "modify", additions: 2, deletions: 1, diff: "@@ -1 +1 @@\n-a\n+b", ...more });

test("a session's changes are put together as the service does it", () => {
  const table = {
    "changed and compared": [[changed(1, "a"), compared(2, "a")], ["modify", 2, 1, 1, null]],
    "compared twice": [[compared(1, "a"), compared(2, "a")], ["modify", 4, 2, 2, null]],
    "changed after it was compared": [[compared(1, "a"), changed(2, "a")], ["modify", 2, 1, 1, /when the work/]],
    "changed, and the work ended": [[changed(1, "a"), event(2, "complete", { status: "completed" })], ["modify", 0, 0, 0, /compared nothing/]],
    "changed, and interrupted": [[changed(1, "a"), event(2, "session", { action: "interrupted" })], ["modify", 0, 0, 0, /compared nothing/]],
    "changed again after the end": [[changed(1, "a"), event(2, "complete", {}), changed(3, "a")], ["modify", 0, 0, 0, /when the work/]],
    "created, then changed": [[changed(1, "a", "create"), changed(2, "a")], ["create", 0, 0, 0, /when the work/]],
    "deleted, then back": [[changed(1, "a", "delete"), changed(2, "a", "create")], ["modify", 0, 0, 0, /when the work/]],
    "created, then deleted": [[changed(1, "a", "create"), changed(2, "a", "delete")], ["delete", 0, 0, 0, /when the work/]],
    "binary": [[changed(1, "a"), compared(2, "a", { diff: null, diff_missing: "binary_or_empty", additions: 0, deletions: 0 })], ["modify", 0, 0, 0, /binary or empty/]],
    "too large": [[compared(2, "a", { diff: undefined, diff_missing: "too_large" })], ["modify", 2, 1, 0, /too large/]],
    "a reason of tomorrow": [[compared(2, "a", { diff: undefined, diff_missing: "sealed" })], ["modify", 2, 1, 0, /sealed/]],
    "compared by a shell's work alone": [[compared(1, "a", { action: "create" })], ["create", 2, 1, 1, null]],
  };
  for (const [name, [events, [action, additions, deletions, diffs, missing]]] of Object.entries(table)) {
    const { files } = changedFiles(events);
    assert.equal(files.length, 1, name);
    assert.deepEqual([files[0].action, files[0].additions, files[0].deletions, files[0].diffs.length], [action, additions, deletions, diffs], name);
    if (missing) assert.match(files[0].missing, missing, name);
    else assert.equal(files[0].missing, null, name);
  }
});

test("the file that was changed last comes first; erased names are counted alone", () => {
  const { files, erased } = changedFiles([changed(1, "a"), changed(2, "__proto__"), changed(3, "[erased]"), compared(4, "a"), event(5, "output", { path: "b" })]);
  assert.deepEqual(files.map(({ path, events }) => [path, events]), [["a", [1, 4]], ["__proto__", [2]]]);
  assert.deepEqual(erased, [3]);
  assert.equal(patchOf(files[0]), "@@ -1 +1 @@\n-a\n+b\n");
});

// --- moments ---------------------------------------------------------------------------------------------------------

const story = [event(2, "message_sent"), event(3, "tool_use"), event(5, "output"), event(6, "permission", { action: "asked" }), event(9, "error"), event(10, "complete", { status: "completed" })];

test("a moment is an event's number or a time, and includes itself", () => {
  const table = [[null, 6], ["1", 0], ["2", 1], ["4", 2], ["5", 3], ["10", 6], ["99", 6], [at(1), 0], [at(3), 2], [at(4), 2], ["2026-01-31T13:00:06+01:00", 4], ["2026-01-31T12:00:06", 4], ["2026-01-31T12:00:06z", 4], ["2026-01-31", 0], ["2026-02-01", 6], ["nonsense", 6]];
  for (const [moment, count] of table) assert.equal(countUpTo(story, moment), count, String(moment));
  assert.equal(upTo(story, "3").length, 2);
  const byAnotherClock = [event(1, "output", { timestamp: at(5) }), event(2, "output", { timestamp: at(9) }), event(3, "output", { timestamp: at(4) })];
  assert.deepEqual([at(3), at(4), at(5), at(9)].map((moment) => countUpTo(byAnotherClock, moment)), [0, 3, 3, 3]);
  assert.deepEqual(between(story, "2", "6").map(({ id }) => id), [3, 5, 6]);
  assert.deepEqual(between(story, null, null), story);
  assert.deepEqual(between(story, "9", "3"), []);
});

test("prompts, tools, approvals and errors have marks; the gravest at a place is shown", () => {
  const places = (one) => one.id / 10;
  assert.deepEqual(ticks(story, places, 10).map(({ kind }) => kind), ["prompt", "tool", "approval", "error"]);
  assert.deepEqual(ticks(story, () => 0.5, 10), [{ place: 0.5, kind: "error" }]);
  assert.deepEqual(ticks(story, () => 7, 10), [{ place: 1, kind: "error" }]);
  const many = Array.from({ length: 50_000 }, (_, number) => event(number, "tool_use"));
  assert.ok(ticks(many, (one) => one.id / 50_000).length <= 401);
  assert.equal(nextMarked(story, 1, 1).id, 6);
  assert.equal(nextMarked(story, 5, -1).id, 9);
  assert.equal(nextMarked(story, 0, -1), null);
  assert.equal(nextMarked(story, 4, 1), null);
});

test("what changed in between is counted", () => {
  const made = differenceOf([
    ...story,
    event(11, "tool_use", { tool: "__proto__" }),
    event(12, "tool_result", { status: "error" }),
    event(13, "permission", { action: "replied", reply: "reject" }),
    event(14, "permission", { action: "replied", reply: "always" }),
    event(15, "usage", { cost: 0.25 }),
    changed(16, "a"),
  ]);
  assert.deepEqual([made.events, made.prompts, made.failures, made.cost], [12, 1, 2, 0.25]);
  assert.deepEqual(made.approvals, { allowed: 1, rejected: 1 });
  assert.deepEqual([...made.tools], [["undefined", 1], ["__proto__", 1]]);
  assert.deepEqual(made.files[0].last, { session: null, number: 16 });
});

// --- the line of time ------------------------------------------------------------------------------------------------

const shop = { id: "cb_a", name: "shop", overview: {} };
const stateAt = (hash, more = {}) => ({ ...emptyState(), address: parsed(hash), codebases: new Map([["cb_a", shop]]), ...more });
const open = { codebase: "cb_a", id: "s", events: story, ended: true, trouble: null };

test("a session's line has one place for each event, and its end is now", () => {
  const line = lineOf(stateAt("#/c/shop/s/s", { session: open }));
  assert.deepEqual([line.from, line.to, line.valueOf(null, "at"), line.valueOf("5", "at"), line.valueOf("1", "at")], [1, 6, 6, 3, 1]);
  assert.deepEqual([line.momentOf(6, "at"), line.momentOf(6, "since"), line.momentOf(3, "at"), line.first(), line.last()], [null, "10", "5", "2", "10"]);
  assert.deepEqual([line.placeOf(story[0]), line.placeOf(story[5])], [0, 1]);
  assert.equal(line.said(3).event.id, 5);
  for (const [moment, covered, later] of [[at(1), false, false], [at(2), true, true], [at(10), true, true], [at(11), false, true], ["1", false, false], ["99", true, true]]) {
    assert.deepEqual([line.covers(moment), line.covers(moment, true)], [covered, later], moment);
  }
});

test("a codebase's line goes by the clock", () => {
  const sessions = [{ started_at: at(0), ended_at: at(10), status: "failed" }, { started_at: at(20), ended_at: null, status: "running" }, { started_at: null, ended_at: null, status: "pending" }];
  const read = { sessions: { of: "cb_a", value: { sessions }, error: null, reading: false, at: 0 } };
  const line = lineOf(stateAt("#/c/shop/sessions", { read, now: Date.parse(at(40)) }));
  assert.equal(line.to - line.from, 40);
  assert.deepEqual(ticks(line.events, line.placeOf).map(({ kind }) => kind), ["prompt", "error", "prompt"]);
  assert.equal(line.momentOf(line.from + 10, "at"), at(10));
  assert.equal(line.momentOf(line.to, "at"), null);
  assert.equal(line.valueOf(at(10), "at"), line.from + 10);
  assert.equal(line.momentOfEvent(line.events[2]), at(20));
  assert.equal(lineOf(stateAt("#/c/shop/sessions")), null);
  assert.equal(lineOf(stateAt("#/c/nobody/sessions", { read })), null);
});

// --- addresses -------------------------------------------------------------------------------------------------------

test("every view of an event has an address of its own", () => {
  for (const hash of ["#/proof", "#/c/shop/e62", "#/c/shop/e62/proof", "#/c/shop/e62/events", "#/c/shop/s/sess_1/e62", "#/c/shop/s/sess_1/e62/proof", "#/c/shop/s/sess_1/e62/events", "#/c/shop/s/sess_1/e62/changes", "#/c/shop/s/sess_1/changes?at=62&since=3"]) {
    assert.equal(hashOf(parsed(hash)), hash);
    assert.notEqual(parsed(hash).view, "unknown");
  }
  assert.equal(parsed("#/c/shop/s/sess_1/e62/events").event, 62);
  for (const hash of ["#/c/shop/e62/sessions", "#/c/shop/e/proof", "#/c/shop/e62/e63", "#/c/shop/e62/proof/x", "#/proof/x"]) assert.equal(parsed(hash).view, "unknown", hash);
});

// --- the badge and the table -----------------------------------------------------------------------------------------

const ready = (more = {}) => ({ ready: { value: { log: "ok", views: "ok", position: 9, ...more } } });
const checked = (verdict, findings = [{ holds: verdict !== "wrong", words: "Why." }]) => ({ verdict, findings, key: null, checkpoint: { size: 9 } });
const shown = (audit, read = ready()) => whatToShow({ audit: { log: null, trouble: null, checking: false, checkedAt: 1, ...audit }, read, now: 1 });

test("the badge says sound only where this browser found it so", () => {
  assert.equal(shown({}), null);
  assert.match(shown({ checking: true }).words, /checking/);
  assert.equal(shown({ log: checked("sound") }).words, "log sound to 9");
  assert.equal(shown({ log: checked("sound") }, ready({ position: 12 })).words, "log sound to 9, 3 not covered yet");
  assert.equal(shown({ log: checked("first") }).words, "log signed at 9");
  assert.equal(shown({ log: checked("wrong") }).words, "NOT SOUND: Why.");
  assert.equal(shown({ log: checked("unable") }).words, "log not checked");
  assert.equal(shown({ trouble: "No scope." }).words, "log not checked");
  assert.equal(shown({ log: checked("sound") }, ready({ log: "The log can't be written." })).words, "The log can't be written.");
  for (const verdict of ["first", "wrong", "unable"]) assert.doesNotMatch(shown({ log: checked(verdict) }).words, /log sound/);
});

test("the list shows its last rows, or those around the event of the address", () => {
  const rows = Array.from({ length: 1000 }, (_, number) => ({ id: 2 * number }));
  const first = (event, from = null) => firstRow({ audit: { table: { from } }, address: { event } }, rows);
  assert.deepEqual([first(null), first(0), first(500), first(501), first(5000), first(null, 30), first(null, 990)], [800, 0, 240, 241, 800, 30, 800]);
});

// --- erased, and not wholly checked ----------------------------------------------------------------------------------

const wordsIn = (made) => (Array.isArray(made?.values) ? made.values.map(wordsIn).join(" ") : String(made));

test("an erased block names the event that records its erasure", () => {
  const block = { kind: "line", text: "x", id: "1-0", number: 1, at: at(1), erased: { by: 285, sha256: "0" } };
  const { values } = blockView(block, { place: { address: () => "#" }, isOpen: () => false });
  assert.equal(wordsIn(values.at(-1)), "285");
});

test("only what was wholly checked is called proved", () => {
  const called = Object.entries(VERDICTS).filter(([, { sign, words }]) => sign === "✓" || /^proved/.test(words));
  assert.deepEqual(called.map(([verdict]) => verdict), ["sound"]);
  assert.match(VERDICTS.partly.words, /its events were not checked here/);
});
