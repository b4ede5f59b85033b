// The page's pure parts: addresses, the board, what an agent asks and how it is answered, times.

import assert from "node:assert/strict";
import { test } from "node:test";

import { answersOf, partsOf } from "../../http/pages/static/parts/asked.js";
import { boardOf, moved } from "../../http/pages/static/parts/board.js";
import { money, short } from "../../http/pages/static/parts/money.js";
import { clock, countdown, duration } from "../../http/pages/static/parts/times.js";
import { HOME, hashOf, parsed } from "../../http/pages/static/state/address.js";

test("each address comes back as it was", () => {
  const names = ["shop", "a b/c", "ü?&#%", "cb_1"];
  const sessions = [null, "sess_1"];
  const of = (more) => names.flatMap((codebase) => sessions.map((session) => ({ codebase, session, ...more })));
  const all = [
    {},
    { view: "inbox" },
    { view: "inbox", permission: "perm_1" },
    { view: "queue" },
    { view: "search" },
    ...names.map((q) => ({ view: "search", q })),
    ...["session", "changes", "events", "proof"].flatMap((view) => of({ view })),
    ...of({ view: "session", event: 62 }),
    ...of({ view: "session", at: "2026-01-01T00:00:00Z", since: "17" }),
    ...names.map((codebase) => ({ view: "sessions", codebase })),
  ].map((one) => ({ ...HOME, ...one }));
  for (const address of all) assert.deepEqual(parsed(hashOf(address)), address, hashOf(address));
});

test("an address of the earlier page still leads to its codebase, and no text is an error", () => {
  assert.deepEqual(parsed("#cb_1"), { ...HOME, view: "session", codebase: "cb_1" });
  assert.deepEqual(parsed(""), HOME);
  for (const hash of ["#/x", "#/c", "#/c/a/b", "#/c/a/s", "#/c/a/s/b/sessions", "#/c/a/s/b/e1/x", "#/c/%", "#a/b", "#/inbox/a/b", "#/queue/x"]) {
    assert.equal(parsed(hash).view, "unknown", hash);
  }
  assert.equal(parsed("#/c/a?since=3").since, null);
});

const task = (id, codebase_id, status, place) => ({ id, codebase_id, status, place });
const TASKS = [
  task("d", "z", "completed"),
  task("b2", "b", "pending", 2),
  task("a1", "a", "pending", 1),
  task("r", "a", "running"),
  task("b3", "b", "pending", 3),
  task("i", "b", "interrupted"),
  task("b1", "b", "pending", 1),
  task("x", "b", "cancelled"),
  task("f", "b", "failed"),
];

test("the board has each task once, and what waits in the order in which it starts", () => {
  const { waiting, atWork, done } = boardOf(TASKS, (id) => id);
  assert.deepEqual(waiting.map(({ id }) => id), ["a1", "b1", "b2", "b3"]);
  assert.deepEqual(atWork.map(({ id }) => id), ["r", "i"]);
  assert.deepEqual(done.map(({ id }) => id), ["d", "x", "f"]);
});

test("a move names the task that is behind, and none is made beyond the ends or into another queue", () => {
  const { waiting } = boardOf(TASKS, (id) => id);
  const [a1, b1, b2, b3] = waiting;
  const cases = [
    [b1, -1, null],
    [b1, 1, { position: { before: "b3" } }],
    [b1, 2, { position: "last" }],
    [b1, 9, { position: "last" }],
    [b2, -1, { position: { before: "b1" } }],
    [b3, -1, { position: { before: "b2" } }],
    [b3, -9, { position: { before: "b1" } }],
    [b3, 1, null],
    [a1, 1, null],
    [a1, -1, null],
    [task("gone", "b", "pending"), 1, null],
  ];
  for (const [one, by, changes] of cases) assert.deepEqual(moved(one, waiting, by), changes, `${one.id} ${by}`);
});

const QUESTIONS = [
  { question: "Which?", multiple: true, options: [{ label: "a, b", description: "both" }, { label: "c" }] },
  { question: "One?", custom: false, options: [{ label: "x" }, { label: "x" }] },
  { header: "Name" },
  null,
];

test("answers are the labels as the agent gave them, with own words where they were chosen", () => {
  const { questions } = partsOf({ args: { questions: QUESTIONS }, always: [] });
  assert.deepEqual(questions.map(({ words, several, own }) => [words, several, own]), [["Which?", true, true], ["One?", false, false], ["Name", false, true], ["", false, true]]);
  const answers = (...given) => {
    const form = new FormData();
    for (const [name, value] of given) form.append(name, value);
    return answersOf(questions, form);
  };
  assert.deepEqual(answers(), [[], [], [], []]);
  assert.deepEqual(answers(["q0", "0"], ["q0", "1"], ["q1", "1"], ["own2", " Ada "]), [["a, b", "c"], ["x"], ["Ada"], []]);
  assert.deepEqual(answers(["q0", "own"], ["own0", "d, e"], ["q1", "none"]), [["d, e"], [], [], []]);
  assert.deepEqual(answers(["own0", "not chosen"], ["q0", "own"], ["own2", "  "]), [["not chosen"], [], [], []]);
  assert.deepEqual(answers(["own0", "not chosen"]), [[], [], [], []]);
});

test("a request has its command, its difference and the rest", () => {
  const of = (args) => partsOf({ args, always: ["rm *"] });
  assert.deepEqual(of({ command: "rm x" }), { command: "rm x", diff: null, rest: null, always: ["rm *"], questions: [] });
  assert.equal(of({ command: 5, url: "http://a" }).command, "http://a");
  assert.equal(of({ command: 5 }).rest, '{\n  "command": 5\n}');
  const diff = "Index: /p.txt\n===================================================================\n--- /p.txt\n+++ /p.txt\n@@ -0,0 +1,2 @@\n+--- a\n-b\n";
  assert.deepEqual(of({ filepath: "p.txt", diff }).diff.map(({ sign, text }) => sign + text), ["@@ -0,0 +1,2 @@", "+--- a", "-b"]);
  assert.equal(of({ filepath: "p.txt", diff: "" }).diff, null);
});

test("times and amounts are short", () => {
  const of = (values, write) => values.map(write);
  assert.deepEqual(of([-5, 0, 999, 59_999, 60_000, 185_000, 3_600_000, 7_260_000, 90_000_000], duration), ["0 s", "0 s", "0 s", "59 s", "1 min", "3 min 5 s", "1 h", "2 h 1 min", "1 d 1 h"]);
  assert.deepEqual(of([-1, 0, 1, 580_000, 3_661_000], countdown), ["0:00", "0:00", "0:01", "9:40", "1:01:01"]);
  assert.deepEqual(of([0, 0.00001, 0.004611, 0.0999, 0.1, 9.02, 1234.5], money), ["$0", "under $0.0001", "$0.0046", "$0.1", "$0.10", "$9.02", "$1234.50"]);
  assert.deepEqual(of([0, 999, 1000, 9_949, 12_345, 999_950, 1_234_567], short), ["0", "999", "1.0k", "9.9k", "12k", "1.0M", "1.2M"]);
  const noon = new Date(2026, 4, 1, 12, 0, 7).getTime();
  assert.equal(clock(noon, noon), "12:00:07");
  assert.equal(clock(noon, noon + 86_400_000), "2026-05-01 12:00:07");
});
