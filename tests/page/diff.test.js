// Differences: every form that agents and git write them in, and every form that would mislead a reader.

import assert from "node:assert/strict";
import { test } from "node:test";
import { asPatch, changesOf, compared, counted, differing, replacements, sideBySide } from "../../http/pages/static/parts/diff.js";
import { isPatch, readPatch } from "../../http/pages/static/parts/patches.js";

/** A patch in short: files with their lines, each with its sign. */
const short = (files) => files.map(({ path, action, hunks, notes }) => [path, action, hunks.flatMap((hunk) => hunk.lines.map((line) => line.sign + line.text)).join("|"), ...notes]);

const PATCHES = {
  "git's own": ["diff --git a/a.py b/a.py\nindex 1..2 100644\n--- a/a.py\n+++ b/a.py\n@@ -1,2 +1,2 @@ def f\n x\n-y\n+z\n", [["a.py", "modify", " x|-y|+z"]]],
  "the agent's, with an absolute path": ["Index: /p/a.py\n=====\n--- /p/a.py\n+++ /p/a.py\n@@ -1,1 +1,1 @@\n-y\n+z\n\\ No newline at end of file\n", [["/p/a.py", "modify", "-y|+z"]]],
  "a new file": ["--- /dev/null\n+++ b/n.txt\n@@ -0,0 +1,2 @@\n+a\n+b\n", [["n.txt", "create", "+a|+b"]]],
  "a deleted file": ["diff --git a/d b/d\ndeleted file mode 100644\n--- a/d\n+++ /dev/null\n@@ -1 +0,0 @@\n-a\n", [["d", "delete", "-a"]]],
  "hunks without any name": ["@@ -1 +1 @@\n-a\n+b\n", [["", "modify", "-a|+b"]]],
  "lines that look like names": ["--- a/q\n+++ b/q\n@@ -1,2 +1,2 @@\n--- old\n-x\n+++ new\n+y\n", [["q", "modify", "--- old|-x|+++ new|+y"]]],
  "several files": ["--- a/1\n+++ b/1\n@@ -1 +1 @@\n-a\n+b\n--- a/2\n+++ b/2\n@@ -1 +1 @@\n-c\n+d\n", [["1", "modify", "-a|+b"], ["2", "modify", "-c|+d"]]],
  "a binary file": ["diff --git a/i.png b/i.png\nBinary files a/i.png and b/i.png differ\n", [["", "modify", "", "Binary files a/i.png and b/i.png differ"]]],
  "a quoted name": ['--- "a/gr\\303\\274n\\t.py"\n+++ "b/gr\\303\\274n\\t.py"\n@@ -1 +1 @@\n-a\n+b\n', [["grün\t.py", "modify", "-a|+b"]]],
  "counts that promise more than there is": ["--- a/x\n+++ b/x\n@@ -1,999999999 +1,999999999 @@\n-a\n+b\n", [["x", "modify", "-a|+b"]]],
  "counts that promise less than there is": ["--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b\n+hidden\n", [["x", "modify", "-a|+b", "+hidden"]]],
  "an empty line without its blank": ["--- a/x\n+++ b/x\n@@ -1,3 +1,3 @@\n a\n\n-b\n+c\n", [["x", "modify", " a| |-b|+c"]]],
  "lines that end as in DOS": ["--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\r\n+b\r\n", [["x", "modify", "-a\r|+b\r"]]],
  "the agent's form of its own": ["*** Begin Patch\n*** Update File: a.py\n@@ def f\n x\n-y\n+z\n*** Add File: b.py\n+new\n*** Delete File: c.py\n*** End Patch", [["a.py", "modify", " x|-y|+z"], ["b.py", "create", "+new"], ["c.py", "delete", ""]]],
  "a move in it": ["*** Begin Patch\n*** Update File: a\n*** Move to: b\n@@\n-x\n+y\n*** End Patch\n", [["a", "modify", "-x|+y", "Move to: b"]]],
  "no patch at all": ["nothing of the kind", [["", "modify", "", "nothing of the kind"]]],
  "nothing": ["", []],
};

for (const [name, [text, expected]] of Object.entries(PATCHES)) {
  test(`a patch: ${name}`, () => assert.deepEqual(short(readPatch(text)).map((file) => [file[0], file[1], file[2].replaceAll("| |", "| |"), ...file.slice(3)]), expected));
}

test("lines have the numbers that they have in the files", () => {
  const [{ hunks }] = readPatch("--- a/x\n+++ b/x\n@@ -10,3 +20,3 @@\n a\n-b\n+c\n d\n");
  assert.deepEqual(hunks[0].lines.map(({ before, after }) => [before, after]), [[10, 20], [11, null], [null, 21], [12, 22]]);
});

const ARGUMENTS = {
  "an edit": [{ filePath: "a.py", oldString: "a\nb\nc\n", newString: "a\nB\nc\n" }, [["a.py", "modify", " a|-b|+B| c"]]],
  "several edits": [{ filePath: "a", edits: [{ oldString: "1", newString: "2" }, { oldString: "3", newString: "4" }, { bad: 1 }, null] }, [["a", "modify", "-1|+2|-3|+4"]]],
  "a file written whole": [{ filePath: "n", content: "x\ny\n" }, [["n", "create", "+x|+y"]]],
  "an empty file": [{ filePath: "n", content: "" }, [["n", "create", ""]]],
  "a patch": [{ patchText: "*** Begin Patch\n*** Add File: b\n+n\n*** End Patch" }, [["b", "create", "+n"]]],
  "a permission for an edit": [{ filepath: "a", diff: "@@ -1 +1 @@\n-a\n+b\n" }, [["a", "modify", "-a|+b"]]],
  "only the last line's end": [{ filePath: "a", oldString: "x", newString: "x\n" }, [["a", "modify", "-x|+x"]]],
  "the same": [{ filePath: "a", oldString: "x", newString: "x" }, [["a", "modify", ""]]],
  "a command": [{ command: "rm a" }, []],
  "none": [{}, []],
  "other types than these": [{ filePath: 1, oldString: {}, newString: [], content: 3, edits: "x", diff: null }, []],
};

for (const [name, [args, expected]] of Object.entries(ARGUMENTS)) {
  test(`a tool's arguments: ${name}`, () => assert.deepEqual(short(changesOf(args)), expected));
}

test("far lines are left out, and what is between hunks is said", () => {
  const lines = Array.from({ length: 60 }, (_, number) => `line ${number}`);
  const changed = lines.with(5, "five").with(50, "fifty");
  const { hunks } = compared("x", lines.join("\n"), changed.join("\n"));
  assert.deepEqual(hunks.map((hunk) => hunk.lines.length), [8, 8]);
});

test("texts that are all different are compared in a moment", () => {
  const [before, after] = ["a", "b"].map((sign) => Array.from({ length: 20_000 }, (_, number) => `${sign}${number}`).join("\n"));
  const began = performance.now();
  const file = compared("x", before, after);
  assert.deepEqual(counted([file]), { added: 20_000, removed: 20_000 });
  assert.ok(performance.now() - began < 20_000);
});

test("what replaces a line stands beside it", () => {
  const [{ hunks }] = readPatch("@@ -1,4 +1,3 @@\n a\n-b\n-c\n+B\n d\n");
  const rows = sideBySide(hunks[0].lines).map((row) => row.map((line) => line && line.sign + line.text));
  assert.deepEqual(rows, [[" a", " a"], ["-b", "+B"], ["-c", null], [" d", " d"]]);
  assert.equal(replacements(hunks[0].lines).size, 2);
});

const PAIRS = {
  "a word between": ["return sum(price for", "return sum(price * quantity for", { head: 17, tail: 3 }],
  "nothing alike": ["alpha", "omega!", null],
  "the same": ["same", "same", null],
  "pairs of halves that share one": ["a nice smile 😀 here", "a nice smile 😁 here", { head: 13, tail: 5 }],
  "empty": ["", "x", null],
  "repeated letters": ["aaaa", "aaaaaa", { head: 4, tail: 0 }],
};

for (const [name, [before, after, expected]] of Object.entries(PAIRS)) {
  test(`what differs in a line: ${name}`, () => assert.deepEqual(differing(before, after), expected));
}

test("a patch that is copied says the same when it is read", () => {
  const text = "--- a/x\n+++ b/x\n@@ -10,3 +20,3 @@ place\n a\n-b\n+c\n d\n";
  assert.equal(asPatch(readPatch(text)), text);
  const edit = changesOf({ filePath: "a", oldString: "x", newString: "y" });
  assert.deepEqual(counted(readPatch(asPatch(edit))), { added: 1, removed: 1 });
  assert.ok(isPatch(text) && !isPatch("just words"));
});
