// Differences of files: from patches, and from what a tool was asked to change. One form for all, to show in either layout.

import { diffLines } from "../vendored/diff/diff/line.js";
import { filePatch, readPatch } from "./patches.js";

/** @typedef {import("./patches.js").FilePatch} FilePatch */
/** @typedef {import("./patches.js").Line} Line */

const AROUND = 3; // unchanged lines that are shown around a change
const MOST_EDITS = 2000; // more different lines than these are shown as all removed and all added
const PATIENCE = 60; // milliseconds that comparing two texts may take

/** The lines of a text; the end of the last one is no further line. */
export function linesOf(/** @type {string} */ text) {
  const lines = text.split("\n");
  if (lines.at(-1) === "") lines.pop();
  return lines;
}

/**
 * How one text becomes another, as the difference of a file. Where the texts lie in the file isn't known: without numbers.
 * @param {string} path @param {string} before @param {string} after @returns {FilePatch}
 */
export function compared(path, before, after) {
  const made = filePatch(path, "modify");
  const changes = diffLines(before, after, { maxEditLength: MOST_EDITS, timeout: PATIENCE });
  made.hunks = hunksOf(changes ? changes.flatMap(signed) : [...withSign("-", before), ...withSign("+", after)]);
  if (!made.hunks.length && before !== after) made.notes.push("Only the end of the last line changes.");
  return made;
}

/** @param {{ added: boolean, removed: boolean, value: string }} change */
const signed = ({ added, removed, value }) => withSign(added ? "+" : removed ? "-" : " ", value);

/** @param {Line["sign"]} sign @param {string} text @returns {Line[]} */
const withSign = (sign, text) => linesOf(text).map((line) => ({ sign, text: line, before: null, after: null }));

/** The changes among these lines, each with a few lines around it. @param {Line[]} lines */
function hunksOf(lines) {
  const near = new Set();
  for (const [number, line] of lines.entries()) {
    if (line.sign === " ") continue;
    for (let at = number - AROUND; at <= number + AROUND; at++) near.add(at);
  }
  /** @type {import("./patches.js").Hunk[]} */
  const hunks = [];
  for (const [number, line] of lines.entries()) {
    if (!near.has(number)) continue;
    if (!near.has(number - 1) || !hunks.length) hunks.push({ gap: "", lines: [] });
    hunks.at(-1)?.lines.push(line);
  }
  return hunks;
}

const isText = (/** @type {unknown} */ value) => typeof value === "string";

/**
 * The files that a tool's arguments, or those of a permission request, would change. Empty for other arguments.
 * @param {Record<string, any>} args @returns {FilePatch[]}
 */
export function changesOf(args) {
  const path = [args.filePath, args.filepath, args.path].find(isText) ?? "";
  if (isText(args.oldString) && isText(args.newString)) return [compared(path, args.oldString, args.newString)];
  if (Array.isArray(args.edits)) return edited(path, args.edits);
  if (isText(args.patchText)) return readPatch(args.patchText);
  if (isText(args.diff)) return readPatch(args.diff).map((file) => ({ ...file, path: file.path || path }));
  if (isText(args.content) && path) return [writtenWhole(path, args.content)];
  return [];
}

/** @param {string} path @param {any[]} edits */
function edited(path, edits) {
  const parts = edits.filter((one) => isText(one?.oldString) && isText(one?.newString));
  const files = parts.map((one) => compared(path, one.oldString, one.newString));
  return files.length ? [{ ...filePatch(path, "modify"), hunks: files.flatMap((file) => file.hunks) }] : [];
}

/** A file that is written as a whole: what it had before isn't known. @param {string} path @param {string} content */
function writtenWhole(path, content) {
  const lines = linesOf(content).map((text, number) => ({ sign: /** @type {const} */ ("+"), text, before: null, after: number + 1 }));
  return { ...filePatch(path, "create"), hunks: lines.length ? [{ gap: "", lines }] : [] };
}

/** How many lines are added and removed. @param {FilePatch[]} files */
export function counted(files) {
  let [added, removed] = [0, 0];
  for (const { sign } of files.flatMap((file) => file.hunks).flatMap((hunk) => hunk.lines)) {
    if (sign === "+") added++;
    else if (sign === "-") removed++;
  }
  return { added, removed };
}

/**
 * The rows of a hunk for a layout with the file before on the left and after on the right: what replaces a line is beside it.
 * @param {Line[]} lines @returns {[Line | null, Line | null][]}
 */
export function sideBySide(lines) {
  /** @type {[Line | null, Line | null][]} */
  const rows = [];
  for (let at = 0; at < lines.length; ) {
    const removed = run(lines, at, "-");
    const added = run(lines, at + removed.length, "+");
    for (let row = 0; row < Math.max(removed.length, added.length); row++) rows.push([removed[row] ?? null, added[row] ?? null]);
    at += removed.length + added.length;
    const same = lines[at];
    if (!removed.length && !added.length && same) {
      rows.push([same, same]);
      at++;
    }
  }
  return rows;
}

/** @param {Line[]} lines @param {number} from @param {string} sign */
function run(lines, from, sign) {
  let to = from;
  while (lines[to]?.sign === sign) to++;
  return lines.slice(from, to);
}

/**
 * What differs between a line and the one that replaces it: how many characters are the same at both beginnings and both
 * ends. Null where too little is the same for that to help.
 * @param {string} before @param {string} after
 */
export function differing(before, after) {
  const most = Math.min(before.length, after.length);
  let [head, tail] = [0, 0];
  while (head < most && before[head] === after[head]) head++;
  while (tail < most - head && before.at(-1 - tail) === after.at(-1 - tail)) tail++;
  if (isHalf(before, head)) head--;
  if (isHalf(before, before.length - tail)) tail--;
  const same = before.slice(0, head).trim().length + before.slice(before.length - tail).trim().length;
  return same * 3 < most || !most || before === after ? null : { head, tail: Math.max(tail, 0) };
}

/** Whether a place in a text is between the halves of a pair. @param {string} text @param {number} at */
const isHalf = (text, at) => at > 0 && text.charCodeAt(at) >> 10 === 0x37 && text.charCodeAt(at - 1) >> 10 === 0x36;

/** The pairs of lines in a hunk that replace each other, from each line to its other. @param {Line[]} lines */
export function replacements(lines) {
  /** @type {Map<Line, Line>} */
  const pairs = new Map();
  for (const [left, right] of sideBySide(lines)) {
    if (left && right && left !== right) pairs.set(left, right).set(right, left);
  }
  return pairs;
}

/** The files as a unified patch, to copy. @param {FilePatch[]} files */
export function asPatch(files) {
  return files.map(patchOf).join("");
}

/** @param {FilePatch} file */
function patchOf({ path, action, hunks }) {
  const names = [action === "create" ? "/dev/null" : `a/${path}`, action === "delete" ? "/dev/null" : `b/${path}`];
  const body = hunks.map(({ gap, lines }) => `${headOf(lines, gap)}\n${lines.map((line) => `${line.sign}${line.text}\n`).join("")}`);
  return `--- ${names[0]}\n+++ ${names[1]}\n${body.join("")}`;
}

/** @param {Line[]} lines @param {string} gap */
function headOf(lines, gap) {
  const [before, after] = [lines.filter((line) => line.sign !== "+"), lines.filter((line) => line.sign !== "-")];
  const place = (/** @type {Line[]} */ some, /** @type {"before" | "after"} */ side) => `${some[0]?.[side] ?? (some.length ? 1 : 0)},${some.length}`;
  return `@@ -${place(before, "before")} +${place(after, "after")} @@${gap ? ` ${gap}` : ""}`;
}
