// What a command printed, in the page: with its colours, and with all else that can't be seen written out.

import { runs } from "./ansi.js";
import { write } from "./visible.js";

/** Output as content of the page. @param {string} text */
export function outputContent(text) {
  const made = document.createDocumentFragment();
  if (!/[\x1b\x9b]/.test(text)) return write(made, text);
  for (const { text: piece, look } of runs(text)) {
    if (!look) write(made, piece);
    else {
      const span = document.createElement("span");
      span.className = look;
      made.append(write(span, piece));
    }
  }
  return made;
}
