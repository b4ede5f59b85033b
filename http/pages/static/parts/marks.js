// Hidden characters in templates: written out and marked, so that no text can pass for the mark.

import { html } from "../vendored/lit-html/lit-html.js";
import { ANYWHERE, visible } from "./visible.js";

const MOST = 500; // marks in one text; hidden characters after these are written out without one

/**
 * The text with each hidden character marked, but for those in `keep`.
 *
 * @param {string} text
 * @param {string} [keep]
 */
export function marks(text, keep = "\n\t") {
  const shown = [];
  let from = 0;
  for (const { 1: char = "", index } of text.matchAll(ANYWHERE)) {
    if (keep.includes(char)) continue;
    if (shown.length >= 2 * MOST) break;
    shown.push(text.slice(from, index), html`<mark>${visible(char, "")}</mark>`);
    from = index + char.length;
  }
  return [...shown, visible(text.slice(from), keep)];
}
