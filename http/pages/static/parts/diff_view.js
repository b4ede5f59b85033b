// A difference in the page: unified, or the file before beside the file after.

import { html, nothing } from "../vendored/lit-html/lit-html.js";
import { asPatch, counted, differing, replacements, sideBySide } from "./diff.js";
import { marks } from "./marks.js";
import { visible } from "./visible.js";

/** @import { FilePatch, Hunk, Line } from "./patches.js" */
/** @typedef {"unified" | "side by side"} Layout */

/** What became of a file, in words. */
export const WORDS = { create: "created", modify: "changed", delete: "deleted" };

const MOST_LINES = 400; // lines that are shown of a difference, until a person asks for all
const MOST_CHARACTERS = 2000; // of a line

/** @type {WeakSet<FilePatch>} */
const whole = new WeakSet(); // differences of which a person asked for all lines

/** `+3 -1`, in words for those who hear it. @param {{ added?: number, removed?: number }} counts */
export const plusMinus = ({ added = 0, removed = 0 }) => html`<span class="counts"
    ><span class="added" aria-hidden="true">+${added}</span> <span class="removed" aria-hidden="true">−${removed}</span
    ><span class="unseen">${added} added, ${removed} removed</span></span
  >`;

/**
 * The differences of files. `again` is called when a person asked for more of one. `choice`: stands beside each file's name.
 * @param {FilePatch[]} files @param {Layout} layout @param {() => void} again @param {unknown} [choice]
 */
export const diffView = (files, layout, again, choice = nothing) => html`${files.map((file) => fileView(file, layout, again, choice))}`;

/** @param {FilePatch} file @param {Layout} layout @param {() => void} again @param {unknown} choice */
function fileView(file, layout, again, choice) {
  const counts = counted([file]);
  const all = whole.has(file) || counts.added + counts.removed <= MOST_LINES;
  const hunks = all ? file.hunks : firstOf(file.hunks, MOST_LINES);
  const left = file.hunks.reduce((sum, hunk) => sum + hunk.lines.length, 0) - hunks.reduce((sum, hunk) => sum + hunk.lines.length, 0);
  const more = () => {
    whole.add(file);
    again();
  };
  return html`<figure class="difference">
    <figcaption>${WORDS[file.action]} <code>${marks(file.path, "")}</code> ${plusMinus(counts)} ${choice}
      <button type="button" class="copy">Copy</button><span hidden>${visible(asPatch([file]))}</span></figcaption>
    ${file.notes.map((note) => html`<p class="note">${marks(note, "")}</p>`)}
    ${hunks.length ? (layout === "unified" ? unified(file.path, hunks) : beside(file.path, hunks)) : nothing}
    ${left > 0 ? html`<button type="button" @click=${more}>Show ${left.toLocaleString("en")} more lines</button>` : nothing}
  </figure>`;
}

/** @param {Hunk[]} hunks @param {number} most @returns {Hunk[]} */
function firstOf(hunks, most) {
  const kept = [];
  for (const hunk of hunks) {
    if (most <= 0) break;
    kept.push({ ...hunk, lines: hunk.lines.slice(0, most) });
    most -= hunk.lines.length;
  }
  return kept;
}

/** @param {string} path @param {Hunk[]} hunks */
const unified = (path, hunks) => html`<div class="scrolling" tabindex="0" role="group" aria-label="Changed lines">
  <table class="lines">
    <caption class="unseen">Changes of ${visible(path, "")}</caption>
    <tbody>${hunks.map((hunk, number) => [gap(hunk, number, 3), ...unifiedRows(hunk)])}</tbody>
  </table></div>`;

/** @param {Hunk} hunk @param {number} number @param {number} columns */
const gap = ({ gap: words }, number, columns) =>
  number || words ? html`<tr class="gap"><td colspan=${columns}>⋯ ${marks(words, "")}</td></tr>` : nothing;

/** @param {Hunk} hunk */
function unifiedRows({ lines }) {
  const pairs = replacements(lines);
  return lines.map((line) => html`<tr class=${LOOKS[line.sign]}>
      <td class="number">${line.before ?? nothing}</td><td class="number">${line.after ?? nothing}</td>
      ${text(line, pairs.get(line))}
    </tr>`);
}

/** @param {string} path @param {Hunk[]} hunks */
const beside = (path, hunks) => html`<div class="scrolling" tabindex="0" role="group" aria-label="Changed lines">
  <table class="lines beside">
    <caption class="unseen">Changes of ${visible(path, "")}: before on the left, after on the right</caption>
    <tbody>${hunks.map((hunk, number) => [gap(hunk, number, 4), ...besideRows(hunk)])}</tbody>
  </table></div>`;

/** @param {Hunk} hunk */
const besideRows = ({ lines }) =>
  sideBySide(lines).map(([left, right]) => html`<tr>${side(left, right, "before")}${side(right, left, "after")}</tr>`);

/** @param {Line | null} line @param {Line | null} other @param {"before" | "after"} which */
const side = (line, other, which) =>
  line
    ? html`<td class="number ${LOOKS[line.sign]}">${line[which] ?? nothing}</td>${text(line, other === line ? undefined : (other ?? undefined), LOOKS[line.sign])}`
    : html`<td class="number none"></td><td class="none"></td>`;

const LOOKS = { " ": "same", "+": "added", "-": "removed" };

/** A line's text; what differs from the line that it replaces is marked. @param {Line} line @param {Line} [other] @param {string} [look] */
function text({ sign, text: whole }, other, look = "") {
  const shown = whole.length > MOST_CHARACTERS ? whole.slice(0, MOST_CHARACTERS) : whole;
  const rest = whole.length - shown.length;
  const more = rest ? html`<span class="note"> … ${rest.toLocaleString("en")} more characters: copy the patch to see them</span>` : nothing;
  const same = other && whole.length < MOST_CHARACTERS ? differing(whole, other.text) : null;
  const end = shown.length - (same?.tail ?? 0);
  const content = same
    ? html`${lineOf(shown.slice(0, same.head))}<span class="differs">${lineOf(shown.slice(same.head, end))}</span>${lineOf(shown.slice(end))}`
    : lineOf(shown);
  return html`<td class="text ${look}"><span class="sign">${sign}</span>${content}${more}</td>`;
}

const PLAIN = /^[\t\x20-\x7e]*$/;

/** @param {string} line */
const lineOf = (line) => (PLAIN.test(line) ? line : marks(line, "\t"));
