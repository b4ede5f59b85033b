// A session's events as blocks: every kind of event, in the orders that agents, restarts and imports bring them in.

import assert from "node:assert/strict";
import { test } from "node:test";
import { coveredBy } from "../../http/pages/static/parts/asked.js";
import { inWords, saySame } from "../../http/pages/static/parts/errors.js";
import { spent, took } from "../../http/pages/static/parts/spending.js";
import { kindOf, placeOf, printed, subagentIn, targetOf, together } from "../../http/pages/static/parts/tools.js";
import { Transcript } from "../../http/pages/static/parts/transcript.js";

const at = (second) => `2026-01-01T00:00:${String(second).padStart(2, "0")}.000Z`;

/** A transcript of these events; each is its name and its data, and comes a second after the one before. */
function storyOf(...events) {
  const story = new Transcript();
  events.forEach(([event, data], number) => story.take({ id: number + 1, event, data: { timestamp: at(number), ...data } }));
  return story;
}

const kinds = (story) => story.blocks.map(({ kind }) => kind);
const say = (content, part = "p1", more = {}) => ["output", { type: "text", content, part_id: part, message_id: "m", ...more }];
const use = (tool, args, id, more = {}) => ["tool_use", { tool, args, call_id: id, ...more }];
const result = (tool, id, output = "", more = {}) => ["tool_result", { tool, call_id: id, status: "completed", output, ...more }];
const done = (summary, status = "completed") => ["complete", { status, summary }];

test("a run: prompt, answer in pieces, tools, changed files, the end", () => {
  const story = storyOf(
    ["session", { action: "started", status: "running", prompt: "Fix", agent: "build", model: "a/b", by: "anna", via: "gateway" }],
    ["message_sent", { message_id: "m1", content: "Fix", agent: "build", by: "anna", via: "gateway" }],
    ["message_delivered", { message_id: "m1" }],
    say("I'll "),
    say("look."),
    use("read", { filePath: "/p/cart.py" }, "c1"),
    use("grep", { pattern: "total" }, "c2"),
    result("read", "c1", "<content>\n1: x\n</content>"),
    result("grep", "c2"),
    use("edit", { filePath: "/p/cart.py", oldString: "a", newString: "b" }, "c3"),
    result("edit", "c3"),
    ["file_change", { action: "modify", path: "cart.py" }],
    use("bash", { command: "make" }, "c4"),
    result("bash", "c4", "ok", { exit_code: 0 }),
    ["file_change", { action: "create", path: "out.txt" }],
    ["file_diff", { action: "modify", path: "cart.py", additions: 1, deletions: 1, diff: "@@ -1 +1 @@\n-a\n+b\n" }],
    say("Done.", "p2"),
    ["usage", { tokens: { input: 10, output: 5, cache_read: 3 }, cost: 0.5 }],
    ["session", { action: "completed", status: "completed" }],
    done("Done."),
  );
  assert.deepEqual(kinds(story), ["line", "prompt", "answer", "looks", "call", "call", "files", "changes", "answer", "end"]);
  const [line, prompt, answer, looks, edit, bash, files, changes, , end] = story.blocks;
  assert.equal(line.text, "Session started with build on a/b");
  assert.deepEqual([prompt.by, prompt.via, prompt.delivered], ["anna", "gateway", true]);
  assert.equal(answer.text.text, "I'll look.");
  assert.equal(together(looks.inner.blocks.map(({ tool }) => tool)), "1 read, 1 search");
  assert.deepEqual(edit.files, [{ action: "modify", path: "cart.py", encoded: false }]);
  assert.deepEqual([bash.status, bash.exit, took(bash.at, bash.ended)], ["completed", 0, "1.0 s"]);
  assert.equal(files.files[0].path, "out.txt");
  assert.deepEqual([changes.added, changes.removed], [1, 1]);
  assert.deepEqual([end.text, end.files, end.used.cost, end.used.cached], [null, 2, 0.5, 3]);
  assert.deepEqual([story.state, story.model, story.agent], ["completed", "a/b", "build"]);
  assert.equal(spent(story.used), "13 tokens in, 5 out, $0.50");
});

const ENDS = {
  "the summary is the last answer": [[say("All done.\n"), done("All done.")], null],
  "the summary is another": [[say("One."), done("Two.")], "Two."],
  "there is no answer": [[done("Two.")], "Two."],
  "the summary is empty": [[say("One."), done("")], null],
  "the error says it already": [[["error", { error: "No credit", code: "X" }], done("No credit", "failed")], null],
  "the error says it in words": [[["error", { error: '{"error":{"message":"No credit"}}', code: "X" }], done("No credit", "failed")], null],
  "an imported answer says it": [[["message_imported", { message_id: "i", role: "assistant", content: "All." }], done("All.")], null],
};

for (const [name, [events, expected]] of Object.entries(ENDS)) {
  test(`nothing is shown twice: ${name}`, () => assert.equal(storyOf(...events).blocks.at(-1).text?.text ?? null, expected));
}

test("the same error is shown once, another one again", () => {
  const error = ["error", { error: "No credit", code: "X" }];
  assert.deepEqual(kinds(storyOf(error, error, ["error", { error: "Else", code: "X" }])), ["error", "error"]);
});

test("events that come again change nothing, as after a restart", () => {
  const story = storyOf(say("a"), say("b"));
  story.take({ id: 2, event: "output", data: say("b")[1] });
  story.take({ id: 1, event: "output", data: say("a")[1] });
  assert.equal(story.blocks[0].text.text, "ab");
});

test("a restart in mid-run: the call has no result, and the session goes on", () => {
  const story = storyOf(
    use("bash", { command: "sleep 9" }, "c1"),
    ["error", { error: "The service ended.", code: "SERVER_RESTARTED" }],
    ["session", { action: "interrupted", status: "interrupted", reason: "server_restarted" }],
    ["session", { action: "resumed", status: "running" }],
  );
  assert.deepEqual(story.blocks.map(({ kind, status, text }) => [kind, status ?? text]), [
    ["call", "cut off"],
    ["error", "The service ended."],
    ["line", "Session interrupted: the service ended unexpectedly"],
    ["line", "Session resumed"],
  ]);
  assert.deepEqual([story.state, story.reason], ["running", ""]);
});

test("text that the agent took back is replaced", () => {
  const story = storyOf(say("wrong"), say("right", "p1", { replaces: true }), say(" now"));
  assert.equal(story.blocks[0].text.text, "right now");
});

test("what a subagent does is within its call, also where two of them work at once", () => {
  const of = (subagent) => ({ subagent });
  const story = storyOf(
    use("task", { description: "First" }, "t1"),
    use("task", { description: "Second" }, "t2"),
    say("from two", "p2", of("ses_2")),
    say("from one", "p1", of("ses_1")),
    use("read", { filePath: "a" }, "r1", of("ses_1")),
    result("task", "t2", '<task id="ses_2" state="completed">\n<task_result>\nSeen.\n</task_result>\n</task>'),
    result("task", "t1", '<task id="ses_1" state="completed">'),
    ["usage", { tokens: { input: 1 }, cost: 0.25, subagent: "ses_1" }],
  );
  assert.deepEqual(kinds(story), ["call", "call"]);
  const [first, second] = story.blocks;
  assert.deepEqual(first.inner.blocks.map(({ kind, owner }) => [kind, owner === first]), [["answer", true], ["looks", true]]);
  assert.equal(first.inner.blocks[0].text.text, "from one");
  assert.equal(second.inner.blocks[0].text.text, "from two");
  assert.deepEqual([first.cost, story.used.cost], [0.25, 0.25]);
});

test("a subagent without a call has a block of its own", () => {
  const story = storyOf(say("lost", "p", { subagent: "ses_9" }));
  assert.deepEqual(story.blocks.map(({ kind, inner }) => [kind, inner.blocks[0].text.text]), [["subagent", "lost"]]);
});

const inS = (subagent) => ({ subagent });
const task = (id, more) => use("task", {}, id, more);
const CIRCLES = {
  "its own subagent": [task("A"), say("a", "p", inS("S1")), task("B", inS("S1")), result("task", "B", '<task id="S1"')],
  "its own subagent, in an error": [task("A"), task("B", inS("S1")), result("task", "B", "No\ntask_id: S1", { status: "error" })],
  "itself, as its call ends": [task("A"), task("B", inS("S1")), result("task", "A", '<task id="S1"'), result("task", "B", '<task id="S1"')],
  "the one above": [task("A"), task("B", inS("S1")), task("C", inS("S2")), result("task", "C", "task_id: S1")],
  "each other": [task("A"), task("B", inS("S1")), say("x", "q", inS("S2")), task("C"), say("y", "r", inS("S3")), result("task", "C", '<task id="S2"'), result("task", "B", '<task id="S3"'), result("task", "A", '<task id="S3"'), result("task", "C", '<task id="S1"')],
  "the one within a group of looks": [task("A"), use("read", {}, "L", inS("S1")), task("B", inS("S1")), result("task", "B", '<task id="S1"')],
  "another than was guessed": [task("A"), say("kept", "p", inS("S1")), result("task", "A", '<task id="S2"')],
};

/** Each block that is reached from the top is there once, within the block that is its owner; what isn't reached is missed. */
function assertTree(story) {
  const seen = new Set();
  const look = (branch, owner) => branch.blocks.forEach((block) => {
    assert.ok(!seen.has(block) && block.owner === owner);
    seen.add(block);
    if (block.inner) look(block.inner, block);
  });
  look(story.root, null);
  for (const block of [...story.calls.values(), ...story.texts.values()]) assert.ok(seen.has(block), "a block is lost");
}

for (const [name, events] of Object.entries(CIRCLES)) {
  test(`no call is within its own subagent: ${name}`, () => assertTree(storyOf(...events, say("after", "z"), ["complete", { status: "completed" }])));
}

test("no call is within its own subagent, whatever calls and results name", () => {
  let seed = 7;
  const random = (most) => (seed = (seed * 48_271) % 2_147_483_647) % most;
  for (let round = 0; round < 300; round++) {
    const events = Array.from({ length: 40 }, (_, number) => {
      const more = random(3) ? inS(`S${random(5)}`) : {};
      if (random(2)) return task(`c${number}`, more);
      return random(4) ? result("task", `c${random(number + 1)}`, `task_id: S${random(5)}`, more) : use("read", {}, `r${number}`, more);
    });
    assertTree(storyOf(...events));
  }
});

test("each event is shown by what it became, or changed, or by what is before it", () => {
  const story = storyOf(
    ["message_sent", { message_id: "m", content: "Do" }],
    ["message_delivered", { message_id: "m" }],
    use("edit", { filePath: "/p/a.py" }, "e"),
    use("bash", { command: "make" }, "b"),
    result("bash", "b"),
    result("edit", "e"),
    ["file_change", { action: "modify", path: "a.py" }],
    ["usage", { tokens: { input: 1 } }],
    ["status", { status: "busy" }],
    ["file_change", { action: "create", path: "other" }],
    task("t"),
    say("within", "p", inS("S1")),
    ["usage", { tokens: { input: 1 }, cost: 1, subagent: "S1" }],
    ["complete", { status: "completed", summary: "within" }],
    ["task", {}],
  );
  const shown = Array.from({ length: 17 }, (_, number) => story.blocks[story.indexOf(number)]?.kind + story.indexOf(number));
  const [prompt, edit, bash, files, agent, end] = ["prompt0", "call1", "call2", "files3", "call4", "end5"];
  assert.deepEqual(shown, [prompt, prompt, prompt, edit, bash, bash, edit, edit, edit, edit, files, agent, agent, agent, end, end, end]);
  assert.equal(new Transcript().indexOf(1), -1);
});

test("subagents within each other without end are shown beside each other", () => {
  const story = storyOf(...Array.from({ length: 500 }, (_, number) => task(`c${number}`, number ? inS(`S${number}`) : {})));
  assertTree(story);
});

test("a change within a subagent's group of looks is a change of the block at the top", () => {
  const story = storyOf(use("task", {}, "t"), use("read", {}, "r", { subagent: "s" }));
  story.drain();
  story.take({ id: 9, event: "tool_result", data: { tool: "read", call_id: "r", status: "completed", output: "" } });
  assert.deepEqual([...story.drain()], [story.blocks[0]]);
});

test("what is asked waits until it is settled, and says who decided", () => {
  const asked = ["permission", { action: "asked", permission_id: "p", tool: "bash", args: { command: "rm x" }, kind: "permission" }];
  const story = storyOf(asked, ["permission", { action: "answering", permission_id: "p", reply: "once", decided_by: "user", by: "bob" }]);
  assert.equal(story.waiting.length, 1);
  assert.equal(story.blocks[0].answering.by, "bob");
  story.take({ id: 9, event: "permission", data: { action: "replied", permission_id: "p", reply: "once", decided_by: "user", by: "bob" } });
  assert.equal(story.waiting.length, 0);
  assert.equal(story.blocks[0].settled.by, "bob");
  assert.deepEqual(kinds(storyOf(["permission", { action: "replied", permission_id: "q", reply: "reject", decided_by: "timeout" }])), ["ask"]);
});

test("imported messages have their tools and reasoning; a newer state takes the older one's place", () => {
  const message = (content, tools, cost) => ["message_imported", { message_id: "i", role: "assistant", content, reasoning: "Hm", tools, cost, tokens: { input: 4 } }];
  const call = { tool: "bash", args: { command: "ls" }, call_id: "c", status: "completed", output: "a.py" };
  const story = storyOf(
    ["session", { action: "imported", status: "completed", title: "Old work", prompt: "x", agent: "build", started_at: at(0), digests: {} }],
    ["message_imported", { message_id: "u", role: "user", content: "Do it" }],
    message("One", [call], 1),
    message("Two", [call, { ...call, call_id: "d", status: "error", output: "no" }], 2),
    ["output_imported", { message_id: "i", tool: "bash", call_id: "d", whole_id: "out_1", whole_bytes: 9 }],
  );
  assert.deepEqual(kinds(story), ["line", "imported", "imported"]);
  const last = story.blocks[2];
  assert.equal(last.text.text, "Two");
  assert.deepEqual(last.inner.blocks.map(({ kind, status }) => [kind, status]), [["reasoning", undefined], ["call", "completed"], ["call", "error"]]);
  assert.equal(last.inner.blocks[2].whole.id, "out_1");
  assert.deepEqual([story.used.cost, story.used.input], [2, 4]);
});

test("names of events call nothing, and are shown", () => {
  const names = ["clear", "constructor", "__proto__", "toString", "hasOwnProperty", "take", "drain", "add", "touch", "blocks"];
  const story = storyOf(...names.map((name) => [name, { content: "odd" }]));
  assert.deepEqual(story.blocks.map(({ kind, name }) => [kind, name]), names.map((name) => ["unknown", name]));
  assert.ok(story.blocks[0].raw.includes("odd"));
  assert.deepEqual(kinds(storyOf(["task", {}], ["request", {}], ["codebase", {}], ["service", {}], ["erasure", {}])), []);
});

const MALFORMED = [
  ["output", { part_id: {}, content: null }],
  ["output", {}],
  ["tool_use", { tool: 7, args: "no object", call_id: null }],
  ["tool_use", { tool: "edit", args: null }],
  ["tool_use", { tool: "__proto__", args: JSON.parse('{"__proto__": {"x": 1}}'), call_id: "__proto__" }],
  ["tool_result", { output: { a: 1 } }],
  ["file_change", {}],
  ["file_diff", { path: 3, additions: "many" }],
  ["permission", {}],
  ["permission", { action: "replied" }],
  ["session", {}],
  ["session", { action: "constructor" }],
  ["complete", {}],
  ["error", {}],
  ["status", { attempt: "x" }],
  ["usage", { tokens: null, cost: "free" }],
  ["usage", { tokens: { input: Number.NaN, output: "1" } }],
  ["access", { calls: "GET /" }],
  ["message_sent", {}],
  ["message_imported", { tools: "none", content: 3 }],
  ["message_imported", { tools: [null, 1, {}] }],
  ["output_imported", {}],
  ["output", null],
];

test("an event that isn't as it should be hides no other", () => {
  const story = new Transcript();
  let id = 0;
  for (const [event, data] of MALFORMED) story.take({ id: ++id, event, data });
  story.take({ id: ++id, event: "output", data: { type: "text", content: "after", part_id: "z" } });
  assert.equal(story.blocks.at(-1).text.text, "after");
  assert.deepEqual(Object.values(story.used).filter(Number.isNaN), []);
  assert.ok(story.blocks.every(({ id: key }, place) => story.blocks.findIndex((one) => one.id === key) === place));
});

test("ten thousand events are taken in a moment", () => {
  const story = new Transcript();
  const began = performance.now();
  for (let id = 0; id < 10_000; id += 2) {
    story.take({ id: id + 1, event: "tool_use", data: { tool: "edit", args: { filePath: `src/${id}.py` }, call_id: `c${id}`, timestamp: at(1) } });
    story.take({ id: id + 2, event: "file_change", data: { action: "modify", path: `src/${id}.py`, timestamp: at(1) } });
  }
  assert.equal(story.blocks.length, 5000);
  assert.ok(performance.now() - began < 20_000);
});

// --- errors, tools, durations ------------------------------------------------------------------------------------------

const ERRORS = {
  "words": ["It broke.", "It broke.", ""],
  "a provider's JSON": ['{"type":"error","error":{"type":"invalid_request_error","message":"Your credit balance is too low"}}', "Your credit balance is too low"],
  "JSON after a name": ['APIError: {"message":"Overloaded","statusCode":529}', "Overloaded"],
  "JSON after words": ['The model failed: {"error":{"message":"Too long"}}', "The model failed: Too long"],
  "JSON within JSON": [JSON.stringify({ data: { responseBody: JSON.stringify({ error: { message: "Bad key" } }) } }), "Bad key"],
  "a list": ['[{"message":"First"},{"message":"Second"}]', "First"],
  "JSON that says nothing": ['{"code":500}', '{"code":500}', ""],
  "broken JSON": ['{"message": "half', '{"message": "half', ""],
  "a brace in a sentence": ["Expected { but got }", "Expected { but got }", ""],
  "nothing": ["", "It gave no reason."],
  "names of objects": ['{"__proto__": {"message": "no"}, "message": "yes"}', "yes"],
  "depth without end": [`${'{"error":'.repeat(50)}"x"${"}".repeat(50)}`, null],
};

for (const [name, [text, sentence, whole]] of Object.entries(ERRORS)) {
  test(`an error in words: ${name}`, () => {
    const said = inWords(text);
    if (sentence !== null) assert.equal(said.sentence, sentence);
    if (whole !== undefined) assert.equal(said.whole, whole);
    assert.ok(said.sentence);
  });
}

const TARGETS = [
  ["bash", { command: "ls", description: "List" }, "ls", "command"],
  ["read", { filePath: "a.py", offset: 10, limit: 5 }, "a.py", "look", "from line 10, 5 lines"],
  ["grep", { pattern: "x", path: "src", include: "*.py" }, "x", "look", "in src, *.py"],
  ["glob", { pattern: "**/*.py", path: "src" }, "**/*.py", "look", "in src"],
  ["edit", { filePath: "a.py", oldString: "x", newString: "y" }, "a.py", "edit"],
  ["apply_patch", { patchText: "*** Begin Patch\n*** Add File: a\n*** Update File: b\n*** End Patch" }, "a, b", "edit"],
  ["task", { description: "Look", prompt: "long", subagent_type: "general" }, "Look", "subagent"],
  ["todowrite", { todos: [] }, "", "plan"],
  ["webfetch", { url: "https://x", format: "text" }, "https://x", "other"],
  ["server_tool", { odd: "first words" }, "first words", "other"],
  ["constructor", {}, "", "other"],
  ["bash", { command: "x".repeat(500) }, `${"x".repeat(160)}…`, "command"],
];

for (const [tool, args, target, kind, place = ""] of TARGETS) {
  test(`a call of ${tool} is about ${target.slice(0, 20) || "nothing"}`, () => {
    assert.deepEqual([targetOf(tool, args), kindOf(tool), placeOf(tool, args)], [target, kind, place]);
  });
}

test("what tools did together, printed and named", () => {
  assert.equal(together(["read", "read", "grep", "glob", "list", "lsp"]), "2 reads, 2 searches, 1 listing, 1 other look");
  assert.equal(printed("read", "<path>x</path>\n<content>\n1: a\n\n(End)\n</content>"), "1: a\n\n(End)");
  assert.equal(printed("bash", "<content>\nx\n</content>"), "<content>\nx\n</content>");
  assert.deepEqual(['<task id="ses_1" state="x">', "task_id: ses_2\nmore", "none"].map(subagentIn), ["ses_1", "ses_2", null]);
});

const PRINTED = [
  ["read", "<content>\nx\n</content>\n<b>behind</b>", null],
  ["read", "<content>\nx\n</content>\nbehind\n</content>", "x\n</content>\nbehind"],
  ["read", "<content>\nx</content>\n", "x"],
  ["read", "<content>\n</content>", ""],
  ["read", "<content>\n\n</content>", ""],
  ["read", "</content><content>\n", null],
  ["read", "<content>\nx", null],
  ["task", '<task id="s">\n<task_result>\nx\n</task_result>\n</task>', "x"],
  ["task", "task_id: s\n\n<task_result>\na\n</task_result>\nb\n</task_result>", "a\n</task_result>\nb"],
  ["task", "<task_result>\na\n</task_result>\n</task>\nbehind", null],
  ["task", "<content>\nx\n</content>", null],
];

test("nothing that a tool printed is hidden behind its frame", () => {
  for (const [tool, output, expected] of PRINTED) assert.equal(printed(tool, output), expected ?? output);
});

test("a long output is taken out of its frame in a moment", () => {
  const began = performance.now();
  for (const part of ["<content>\n", "</content>", "</content>\n", "\n"]) {
    const long = part.repeat(1_000_000 / part.length);
    printed("read", long);
    printed("read", `<content>\n${long}`);
    printed("read", `${long}</content>${long}`);
  }
  assert.ok(performance.now() - began < 20_000);
});

test("what “always” covers is what the agent's program says, not what was asked for", () => {
  const patterns = ["git push origin main"];
  for (const [always, expected] of [[["git push *"], ["git push *"]], [[], []], [undefined, []], [null, []], ["*", []]]) {
    assert.deepEqual(coveredBy({ patterns, always }), expected);
  }
});

test("durations and costs in words", () => {
  const durations = [["00:00:00.000", "00:00:00.180", "0.2 s"], ["00:00:00", "00:00:14.2", "14 s"], ["00:00:00", "00:02:05", "2 min 5 s"], ["00:00:05", "00:00:00", "0.0 s"], ["x", "y", ""]];
  for (const [from, until, words] of durations) assert.equal(took(`2026-01-01T${from}Z`, `2026-01-01T${until}Z`), words);
  assert.equal(spent({ input: 0, output: 0, cost: 0 }), "");
  assert.ok(saySame(" a  b\n", "a b") && !saySame("a", "b"));
});
