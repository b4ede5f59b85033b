// Text of an agent in the page: Markdown, sanitised, with hidden characters written out. It may grow.

import DOMPurify from "../vendored/dompurify/purify.es.mjs";
import { asHtml } from "./markdown.js";
import { visible, visibleProse, write } from "./visible.js";

/** @import { Growing, Piece } from "./growing.js" */

const OFTEN = 120; // milliseconds between two readings of a long last piece
const LONG = 1200; // characters of a last piece that is read with every frame

const TAGS = "a b blockquote br code del div em figcaption figure hr i li ol p pre s span strong sub sup table tbody td th thead tr ul";
const ALLOWED = { ALLOWED_TAGS: TAGS.split(" "), ALLOWED_ATTR: ["href", "title", "class", "start", "align"], RETURN_DOM_FRAGMENT: true };
const PLAIN = /^[\n\t\x20-\x25\x27-\x7e]*$/; // without hidden characters, and without entities that may become some

/** Markdown as content of the page. @param {string} source */
export function markdownContent(source) {
  const content = /** @type {DocumentFragment} */ (/** @type {unknown} */ (DOMPurify.sanitize(asHtml(source), ALLOWED)));
  if (!PLAIN.test(source)) writeOut(content);
  for (const link of content.querySelectorAll("a")) Object.assign(link, { target: "_blank", rel: "noopener noreferrer nofollow" });
  for (const block of content.querySelectorAll("pre")) complete(block);
  for (const table of content.querySelectorAll("table")) scrolling(table);
  return content;
}

/** Write hidden characters out, in texts and in what is shown of attributes. @param {DocumentFragment} content */
function writeOut(content) {
  const walker = document.createTreeWalker(content, NodeFilter.SHOW_TEXT);
  const texts = [];
  while (walker.nextNode()) texts.push(/** @type {Text} */ (walker.currentNode));
  for (const text of texts) {
    const written = text.parentElement?.closest("code, pre") ? visible(text.data) : visibleProse(text.data);
    if (written !== text.data) text.replaceWith(writtenText(text, written));
  }
  for (const titled of content.querySelectorAll("[title]")) titled.setAttribute("title", visible(titled.getAttribute("title") ?? "", ""));
}

/** @param {Text} text @param {string} written */
function writtenText(text, written) {
  const made = document.createDocumentFragment();
  if (visible(text.data) === written) write(made, text.data);
  else made.append(written); // pictures and joined letters stay as they are
  return made;
}

/** @param {HTMLElement} block */
function complete(block) {
  block.tabIndex = 0;
  block.setAttribute("role", "group");
  block.setAttribute("aria-label", "Code");
  block.before(copyButton());
}

/** @param {HTMLTableElement} table */
function scrolling(table) {
  const frame = document.createElement("div");
  frame.className = "scrolling";
  frame.tabIndex = 0;
  frame.setAttribute("role", "group");
  frame.setAttribute("aria-label", "Table");
  table.replaceWith(frame);
  frame.append(table);
}

/** A button that copies the text of the element after it: see `copyOnClick`. */
export function copyButton() {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "copy";
  button.textContent = "Copy";
  return button;
}

/** Have the copy buttons in an element work. What is copied is what is seen. @param {HTMLElement} place */
export function copyOnClick(place) {
  place.addEventListener("click", async ({ target }) => {
    const button = target instanceof Element ? target.closest("button.copy") : null;
    if (!button) return;
    const done = await copied(button.nextElementSibling?.textContent ?? "");
    button.textContent = done ? "Copied" : "Not copied";
    setTimeout(() => (button.textContent = "Copy"), 1500);
  });
}

/** @param {string} text */
async function copied(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false; // over plain HTTP from another machine, browsers have no clipboard
  }
}

/** Shows a text that grows, piece by piece. Pieces that are complete are read once, the newest first. */
export class Prose {
  edition = 0;
  /** @type {{ place: HTMLElement, piece: Piece }[]} */
  waiting = []; // pieces that are still to be read
  placed = 0;
  /** @type {HTMLElement | null} */
  end = null;
  shown = "";
  readAt = 0;

  /** @param {Growing} text @param {boolean} [markdown] */
  constructor(text, markdown = true) {
    this.text = text;
    this.markdown = markdown;
    this.element = document.createElement("div");
    this.element.className = markdown ? "prose" : "prose written";
  }

  begin() {
    this.element.replaceChildren();
    Object.assign(this, { waiting: [], placed: 0, end: null, shown: "", readAt: 0, edition: this.text.edition });
  }

  /** Show what came, until a time is over. Whether something is left to show. @param {number} until */
  flush(until) {
    if (this.text.edition !== this.edition) this.begin();
    while (this.placed < this.text.pieces.length) this.place(/** @type {Piece} */ (this.text.pieces[this.placed++]));
    const open = this.showEnd();
    while (this.waiting.length && performance.now() < until) {
      const { place, piece } = /** @type {{ place: HTMLElement, piece: Piece }} */ (this.waiting.pop());
      this.fill(place, piece.source);
    }
    return open || this.waiting.length > 0;
  }

  /** @param {Piece} piece */
  place(piece) {
    const place = this.end ?? this.pieceElement();
    this.end = null;
    this.shown = "";
    place.classList.toggle("goes-on", piece.goesOn);
    if (this.markdown) {
      place.textContent = visibleProse(piece.raw); // until it is read
      this.waiting.push({ place, piece });
    } else this.fill(place, piece.raw);
  }

  pieceElement() {
    const made = this.element.appendChild(document.createElement("div"));
    made.className = "piece";
    return made;
  }

  /** Show the last piece; whether that has to wait, since it is long and was read a moment ago. */
  showEnd() {
    const { source, raw } = this.text.last;
    if (source === this.shown || !raw) return false;
    const now = performance.now();
    if (source.length > LONG && now < this.readAt + OFTEN) return true;
    this.end ??= this.pieceElement();
    this.fill(this.end, this.markdown ? source : raw);
    this.shown = source;
    this.readAt = now;
    return false;
  }

  /** @param {HTMLElement} place @param {string} source */
  fill(place, source) {
    if (this.markdown) place.replaceChildren(markdownContent(source));
    else place.replaceChildren(proseText(source));
  }
}

/** Sentences as content of the page, with hidden characters written out. @param {string} text */
export function proseText(text) {
  const made = document.createDocumentFragment();
  if (visibleProse(text) === visible(text)) write(made, text);
  else made.append(visibleProse(text));
  return made;
}
