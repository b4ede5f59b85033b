// What blocks of a transcript have in common: what is unfolded, texts that grow, who did something, and when.

import { html, nothing } from "../vendored/lit-html/lit-html.js";
import { repeat } from "../vendored/lit-html/directives/repeat.js";
import { WORDS } from "../parts/diff_view.js";
import { marks } from "../parts/marks.js";
import { Prose } from "../parts/prose.js";
import { clock } from "../parts/times.js";

/** @import { Layout } from "../parts/diff_view.js" */
/** @import { Growing } from "../parts/growing.js" */
/** @import { Block } from "../parts/transcript.js" */

/**
 * What blocks need of the page around them. `address`: the address of an event. `output`: that of a tool's whole output. `card`:
 * the card for what an agent asks.
 * @typedef {object} Place
 * @property {string} session its id
 * @property {(number: number) => string} address
 * @property {(id: string) => string} output
 * @property {(asked: Record<string, any>, answering: boolean) => unknown} card
 * @property {() => Layout} layout
 * @property {(layout: Layout) => void} setLayout
 */

/** What is shown of the blocks: what is open, and texts that grow. */
export class Shown {
  /** @param {Place} place @param {(block: Block, shown: Shown) => unknown} view @param {(block: Block) => void} touch called when a block is to be shown again */
  constructor(place, view, touch) {
    this.place = place;
    this.view = view;
    this.touch = touch;
    /** @type {WeakMap<Growing, Prose>} */
    this.proses = new WeakMap();
    /** @type {Set<Prose>} */
    this.growing = new Set();
    /** @type {WeakMap<object, boolean>} */
    this.turned = new WeakMap();
    /** @type {WeakMap<object, unknown>} */
    this.kept = new WeakMap();
  }

  /** The element of a text. @param {Growing} text @param {boolean} [markdown] */
  prose(text, markdown = true) {
    let prose = this.proses.get(text);
    if (!prose) this.proses.set(text, (prose = new Prose(text, markdown)));
    this.growing.add(prose);
    return prose.element;
  }

  /** Show what came of the texts; whether something is left. @param {number} until */
  flush(until) {
    for (const prose of this.growing) if (!prose.flush(until)) this.growing.delete(prose);
    return this.growing.size > 0;
  }

  /** Whether something is unfolded: as the person left it, else as given. @param {object} what @param {boolean} [first] */
  isOpen(what, first = false) {
    return this.turned.get(what) ?? first;
  }

  /** What to do when a person folds or unfolds. @param {object} what @param {Block} block whose block is shown again */
  turn(what, block) {
    return (/** @type {globalThis.Event} */ event) => {
      const open = /** @type {HTMLDetailsElement} */ (event.currentTarget).open;
      if (open === this.isOpen(what, !open)) return;
      this.turned.set(what, open);
      this.touch(block);
    };
  }

  /** A value that is made once for an object. @template T @param {object} of @param {() => T} make @returns {T} */
  once(of, make) {
    if (!this.kept.has(of)) this.kept.set(of, make());
    return /** @type {T} */ (this.kept.get(of));
  }
}

/** The blocks within another one. @param {Block} block @param {Shown} shown */
export const inner = (block, shown) =>
  html`<div class="inner">${repeat(block.inner?.blocks ?? [], (/** @type {Block} */ one) => one.id, (/** @type {Block} */ one) => html`<div class="block is-${one.kind}">${shown.view(one, shown)}</div>`)}</div>`;

/** Who caused it, where a name says more than that it came from this machine. @param {Block} block */
export const who = ({ by, via }) => (by && by !== "local" ? html` <span class="by">by ${marks(by, "")}${via ? html` (via ${marks(via, "")})` : nothing}</span>` : nothing);

/** When it was, and its number, which is its address. @param {Block} block @param {Shown} shown */
export const when = (block, shown) => html`<span class="when"><time datetime=${block.at} title=${block.at}>${block.at ? clock(block.at, Date.now()) : ""}</time>
  <a href=${shown.place.address(block.number)} aria-label="Event ${block.number}">#${block.number}</a></span>`;

/** The line above a text: who said it, and when. @param {string} name @param {Block} block @param {Shown} shown */
export const top = (name, block, shown) => html`<div class="top"><strong>${name}</strong>${who(block)}${when(block, shown)}</div>`;

/** @param {{ action: string, path: string, encoded: boolean }} file @param {number} index */
export const fileChange = ({ action, path, encoded }, index) => html`${index ? ", " : ""}${WORDS[/** @type {keyof typeof WORDS} */ (action)] ?? action} <code>${marks(path, "")}</code>${encoded ? " (percent-encoded)" : ""}`;


/** The choice between the two layouts of differences. @param {Shown} shown */
export function layoutChoice(shown) {
  const other = shown.place.layout() === "unified" ? "side by side" : "unified";
  return html`<button type="button" class="quiet layout" @click=${() => shown.place.setLayout(other)}>Show ${other}</button>`;
}
