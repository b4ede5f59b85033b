// Characters that can't be seen, written as `<U+202E>`: the page's side of domain/visible_text.py, by its table.

import { HIDDEN, JOINING, PICTURES } from "./hidden.js";

const BREAKS = "\n\t"; // kept in text that is shown over many lines
const MOST_MARKS = 500;

const point = (/** @type {number} */ code) => `\\u{${code.toString(16)}}`;
const set = (/** @type {number[][]} */ ranges) => `[${ranges.map(([first = 0, last = 0]) => `${point(first)}-${point(last)}`).join("")}]`;
const picture = `${set(PICTURES)}[\\ufe0e\\ufe0f]?`;
const joined = set(JOINING);
export const ANYWHERE = new RegExp(`(${set(HIDDEN)})`, "gu");
const IN_PROSE = new RegExp(
  `${picture}(?:\\u200d${picture})*|[0-9#*]\\ufe0f\\u20e3|${joined}[\\u200c\\u200d](?=${joined})|(${set(HIDDEN)})`,
  "gu",
);

const shown = (/** @type {string} */ char) => `<U+${(char.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}>`;
const PLAIN = /^[\n\t\x20-\x7e]*$/; // nearly all text, and quickly seen to be so
const replaced = (/** @type {RegExp} */ pattern, /** @type {string} */ text, /** @type {string} */ keep) =>
  keep === BREAKS && PLAIN.test(text)
    ? text
    : text.replace(pattern, (/** @type {string} */ all, /** @type {string | undefined} */ char) => (char === undefined || keep.includes(char) ? all : shown(char)));

/** The text with each hidden character written out, but for those in `keep`: for commands, paths, names, outputs. */
export const visible = (/** @type {string} */ text, keep = BREAKS) => replaced(ANYWHERE, text, keep);

/** As `visible`, for sentences: joiners and variation selectors stay where they make pictures or spell words. */
export const visibleProse = (/** @type {string} */ text, keep = BREAKS) => replaced(IN_PROSE, text, keep);

/** The text on one line: its line breaks and tabs are written out too. */
export const oneLine = (/** @type {string} */ text) => visible(text, "");

/** Append what `visible` makes of the text; what was written out is marked, so that no text can pass for it. */
export function write(/** @type {ParentNode} */ node, /** @type {string} */ text, keep = BREAKS) {
  let from = 0;
  let marks = 0;
  for (const { 1: char = "", index } of text.matchAll(ANYWHERE)) {
    if (keep.includes(char)) continue;
    if (++marks > MOST_MARKS) break;
    const mark = document.createElement("mark");
    mark.textContent = shown(char);
    node.append(text.slice(from, index), mark);
    from = index + char.length;
  }
  node.append(visible(text.slice(from), keep));
  return node;
}

/** Who caused an event, at the end of a line; nothing where no name says more than that it came from this machine. */
export function by(/** @type {{ by?: string, via?: string }} */ data) {
  return data.by && data.by !== "local" ? oneLine(` by ${data.by}${data.via ? ` (via ${data.via})` : ""}`) : "";
}
