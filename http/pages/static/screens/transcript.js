// The blocks of a session in the page. Only those near where a person reads are there; the others come on demand.

import { html, nothing, render } from "../vendored/lit-html/lit-html.js";
import { copyOnClick } from "../parts/prose.js";
import { ownersOf, Transcript } from "../parts/transcript.js";
import { blockView } from "./blocks.js";
import { Shown } from "./shown.js";

/** @import { Block, Event } from "../parts/transcript.js" */
/** @import { Place } from "./shown.js" */

const AT_FIRST = 80; // blocks that are shown at the end of a session
const FIRST = 12; // blocks of these that are shown before all others
const MORE = 60; // blocks that are added on demand
const MOST = 400; // blocks that are in the page at once
const BUDGET = 12; // milliseconds of a frame that events may take, and as many that showing them may take
const TOUCH = 2000; // milliseconds for which what is scrolled is scrolled by the person who touched something
const SETTLED = 1000; // milliseconds after which what was drawn has its size
const ABOVE = 6; // pixels above what was jumped to
const NEAR = 48; // pixels from the end within which a person reads along

/** What a person may jump to. @type {Map<string, (block: Block) => boolean>} */
export const JUMPS = new Map([
  ["prompt", (block) => block.kind === "prompt" || (block.kind === "imported" && block.role === "user")],
  ["error", (block) => block.kind === "error" || block.status === "error" || block.status === "failed" || block.exit > 0],
  ["file", (block) => block.agentKind === "edit" || block.kind === "files" || block.kind === "changes"],
]);

/** Shows a session's events as they come. `place`: what its parts need of the page around them. */
export class TranscriptView {
  element = document.createElement("section");
  earlier = document.createElement("div");
  events = document.createElement("div");
  later = document.createElement("div");
  /** @type {Map<Block, HTMLElement>} */
  elements = new Map();
  /** @type {Event[]} */
  source = [];
  /** @type {number | null} */
  wanted = null; // the event that is to be shown, until it is
  /** @type {(() => void) | null} */
  planned = null;
  ended = false;
  touched = 0; // until when a scroll counts as the person's
  drawn = 0; // when blocks were last drawn
  current = -1; // the block that was jumped to
  revealed = /** @type {HTMLElement | null} */ (null); // its element, until a person scrolls

  /** @param {Place} place @param {string | null} until an event's number or a time, after which nothing is shown */
  constructor(place, until) {
    this.place = place;
    this.until = until;
    this.transcript = new Transcript();
    this.shown = new Shown(place, blockView, (block) => {
      this.redrawn(block);
      this.again();
    });
    this.taken = 0;
    this.from = 0;
    this.to = 0;
    this.goal = { from: 0, to: 0 }; // what is to be in the page; each frame adds some of it
    this.following = true;
    this.seen = 0; // blocks that were there when the person left the end
    this.top = 0;
    this.element.className = "story";
    this.element.id = "story";
    this.element.tabIndex = 0;
    this.element.dataset["session"] = place.session;
    this.element.setAttribute("aria-label", "Transcript");
    this.events.id = "events";
    this.events.className = "events";
    this.element.append(this.earlier, this.events, this.later);
    this.element.addEventListener("scroll", () => this.scrolled(), { passive: true });
    const touch = () => (this.touched = performance.now() + TOUCH);
    for (const kind of ["wheel", "touchmove", "keydown", "pointerdown"]) this.element.addEventListener(kind, touch, { passive: true });
    new ResizeObserver(() => this.stay()).observe(this.events);
    copyOnClick(this.element);
  }

  // --- events --------------------------------------------------------------------------------------------------------

  /** Take what came, and show it. @param {Event[]} events all of the session so far @param {boolean} ended */
  update(events, ended = false) {
    this.source = events;
    this.ended = ended;
    for (const block of this.transcript.waiting) this.redrawn(block); // countdowns, and whether commands make sense
    this.take();
  }

  /** @param {Block} block */
  redrawn(block) {
    const top = ownersOf(block).at(-1) ?? block;
    if (this.elements.has(top)) this.draw(top);
  }

  take() {
    const events = this.source;
    const end = performance.now() + BUDGET;
    while (this.taken < events.length && (this.taken % 50 || performance.now() < end)) this.one(/** @type {Event} */ (events[this.taken++]));
    if (this.taken < events.length) this.again();
    else this.show();
  }

  /** @param {Event} event */
  one(event) {
    if (this.until === null || isBefore(event, this.until)) this.transcript.take(event);
  }

  /** Go on with the next frame; where no frame comes, as nobody looks, a second later. */
  again() {
    if (this.planned) return;
    const next = () => {
      this.planned?.();
      this.planned = null;
      this.take();
    };
    const frame = requestAnimationFrame(next);
    const hidden = setTimeout(next, 1000);
    this.planned = () => {
      cancelAnimationFrame(frame);
      clearTimeout(hidden);
    };
  }

  // --- what is in the page -------------------------------------------------------------------------------------------

  show() {
    const { blocks } = this.transcript;
    const changed = this.transcript.drain();
    if (this.following && blocks.length - this.to > AT_FIRST) this.begin(blocks.length - FIRST, blocks.length - AT_FIRST);
    if (this.following) this.goal.to = blocks.length;
    const end = performance.now() + BUDGET;
    for (const block of changed) if (this.elements.has(block)) this.draw(block);
    const more = this.fill(end);
    if (this.shown.flush(end) || more) this.again();
    this.ends();
    if (this.wanted !== null) this.find(this.wanted);
    this.stay();
  }

  /** Show nothing but what begins here. @param {number} at @param {number} from where it is to begin once the rest is there too */
  begin(at, from) {
    this.from = this.to = Math.max(0, at);
    this.goal = { from: Math.max(0, from), to: this.to };
    this.elements.clear();
    this.events.replaceChildren();
    this.top = this.touched = 0;
  }

  /** Add blocks that are to be in the page, until a time is over. Whether some are left. @param {number} end */
  fill(end) {
    const { blocks } = this.transcript;
    const later = document.createDocumentFragment();
    do if (this.to < this.goal.to) later.append(this.made(/** @type {Block} */ (blocks[this.to++])));
    while (this.to < this.goal.to && performance.now() < end);
    this.events.append(later);
    if (this.from > this.goal.from && performance.now() < end) this.prepend(end);
    if (this.following && this.to - this.from > MOST) this.dropFirst(this.to - this.from - MOST / 2);
    return this.to < this.goal.to || this.from > this.goal.from;
  }

  /** Add blocks before the first one; what a person sees stays where it is. @param {number} end */
  prepend(end) {
    const keeps = CSS.supports("overflow-anchor", "auto"); // then the browser keeps in place what is seen, but at the very top
    if (keeps && !this.following && this.element.scrollTop === 0) this.element.scrollTop = 1;
    const first = this.events.firstElementChild;
    const before = first?.getBoundingClientRect().top ?? 0;
    const earlier = document.createDocumentFragment();
    while (this.from > this.goal.from && performance.now() < end) earlier.prepend(this.made(/** @type {Block} */ (this.transcript.blocks[--this.from])));
    this.events.prepend(earlier);
    if (!this.following && !keeps) this.element.scrollTop += (first?.getBoundingClientRect().top ?? 0) - before;
  }

  /** @param {number} count */
  dropFirst(count) {
    for (const block of this.transcript.blocks.slice(this.from, this.from + count)) this.remove(block);
    this.from += count;
    this.goal.from = this.from;
  }

  /** @param {Block} block */
  remove(block) {
    this.elements.get(block)?.remove();
    this.elements.delete(block);
  }

  /** @param {Block} block */
  made(block) {
    const element = document.createElement("article");
    element.className = `block is-${block.kind}`;
    element.id = `e${block.number}`;
    this.elements.set(block, element);
    this.draw(block);
    return element;
  }

  /** @param {Block} block */
  draw(block) {
    this.drawn = performance.now();
    render(blockView(block, this.shown), /** @type {HTMLElement} */ (this.elements.get(block)));
  }

  /** Show all blocks again, after what decides how they look has changed. */
  redraw() {
    for (const block of this.elements.keys()) this.draw(block);
    this.again();
  }

  addEarlier = () => {
    this.revealed = null;
    if (this.following) this.leave();
    this.goal.from = Math.max(0, this.from - MORE);
    while (this.to - this.goal.from > MOST) this.remove(/** @type {Block} */ (this.transcript.blocks[--this.to]));
    this.goal.to = this.to;
    this.again();
  };

  addLater = () => {
    this.goal.to = Math.min(this.transcript.blocks.length, this.to + MORE);
    this.again();
  };

  /** What stands before the first block and after the last one: how many are not in the page, and a way to them. */
  ends() {
    const { blocks } = this.transcript;
    const [before, after] = [this.from, blocks.length - this.to];
    const fresh = Math.max(0, blocks.length - this.seen);
    render(before ? html`<button type="button" class="more" id="earlier" @click=${this.addEarlier}>Show earlier (${before.toLocaleString("en")} more)</button>` : nothing, this.earlier);
    const later = after ? html`<button type="button" class="more" @click=${this.addLater}>Show later (${after.toLocaleString("en")} more)</button>` : nothing;
    const words = fresh ? `↓ ${fresh.toLocaleString("en")} new` : "↓ To the end";
    const end = this.following ? nothing : html`<button type="button" class="to-end" id="to-end" @click=${this.toEnd}>${words}</button>`;
    render(html`${later}${end}`, this.later);
  }

  // --- where a person reads ------------------------------------------------------------------------------------------

  /** Stay at the end, where a person reads along. */
  stay() {
    if (this.revealed) this.keepRevealed();
    if (!this.following) return;
    const { scrollTop, scrollHeight, clientHeight } = this.element;
    // A person may have scrolled since the last frame, without the event for it yet.
    if (scrollTop < this.top - 1 && scrollHeight - scrollTop - clientHeight > NEAR && this.isPersons()) return this.leave();
    this.element.scrollTop = scrollHeight;
    this.top = this.element.scrollTop;
  }

  scrolled() {
    const { scrollTop, scrollHeight, clientHeight } = this.element;
    const up = scrollTop < this.top - 1;
    const moved = Math.abs(scrollTop - this.top) > 1;
    this.top = scrollTop;
    if (this.revealed && moved && this.isPersons() && Math.abs(this.offRevealed()) > 1) this.revealed = null;
    if (this.revealed) return;
    const atEnd = scrollHeight - scrollTop - clientHeight < NEAR;
    if (this.following && up && !atEnd && this.isPersons()) this.leave();
    else if (!this.following && atEnd && this.to < this.transcript.blocks.length) this.addLater();
    else if (!this.following && atEnd) this.follow();
    else if (!this.following && scrollTop < 2 * NEAR && up && this.from) this.addEarlier();
  }

  /** Whether a person scrolls. Browsers scroll too, when something above changes its size, which it only does when something changes. */
  isPersons() {
    const now = performance.now();
    return now < this.touched || now > this.drawn + SETTLED;
  }

  leave() {
    this.following = false;
    this.seen = this.transcript.blocks.length;
    this.ends();
  }

  follow() {
    this.following = true;
    this.revealed = null;
    this.touched = 0;
    this.top = this.element.scrollTop;
    this.seen = this.transcript.blocks.length;
    this.ends();
  }

  toEnd = () => {
    const { blocks } = this.transcript;
    if (this.to < blocks.length) this.begin(blocks.length - FIRST, blocks.length - AT_FIRST);
    this.follow();
    this.again();
    this.element.focus({ preventScroll: true });
  };

  /** Show the block of an event, once it is there. @param {number} number */
  find(number) {
    const known = this.source.at(-1)?.id ?? 0;
    this.wanted = number > known && !this.ended ? number : null;
    const index = this.transcript.indexOf(number);
    if (index >= 0 && this.wanted === null) this.reveal(index);
  }

  /** @param {number} index */
  reveal(index) {
    const block = /** @type {Block} */ (this.transcript.blocks[index]);
    this.leave();
    if (index < this.from || index >= this.to) {
      this.begin(index, index - AT_FIRST / 4);
      this.goal.to = Math.min(this.transcript.blocks.length, index + AT_FIRST);
      this.fill(performance.now() + BUDGET);
    }
    this.shown.flush(performance.now() + BUDGET);
    for (const marked of this.events.querySelectorAll(".found") ?? []) marked.classList.remove("found");
    const element = this.elements.get(block);
    element?.classList.add("found");
    element?.scrollIntoView({ block: "start" });
    this.revealed = element ?? null;
    this.touched = 0; // a click on a link scrolls nothing
    this.current = index;
    this.again();
  }

  /** Keep in view what was revealed, whatever changes its size around it, until a person scrolls. */
  keepRevealed() {
    if (performance.now() < this.touched) this.revealed = null;
    if (!this.revealed) return;
    this.element.scrollTop += this.offRevealed();
    this.top = this.element.scrollTop;
  }

  /** How far what was revealed is from its place at the top, in pixels. */
  offRevealed() {
    return this.revealed ? this.revealed.getBoundingClientRect().top - this.element.getBoundingClientRect().top - ABOVE : 0;
  }

  /** Go to the next or the last block of a kind. @param {string} kind @param {1 | -1} step */
  jump(kind, step) {
    const is = /** @type {(block: Block) => boolean} */ (JUMPS.get(kind));
    const { blocks } = this.transcript;
    for (let index = this.reading(step) + step; blocks[index]; index += step) {
      if (is(/** @type {Block} */ (blocks[index]))) return this.reveal(index);
    }
  }

  /** The block that a person reads: the last one that was jumped to, if it is still in view, else the first in view. @param {1 | -1} step */
  reading(step) {
    const box = this.element.getBoundingClientRect();
    const inView = (/** @type {number} */ index) => {
      const own = this.elements.get(/** @type {Block} */ (this.transcript.blocks[index]))?.getBoundingClientRect();
      return own !== undefined && own.bottom > box.top && own.top < box.bottom;
    };
    if (this.current >= 0 && !this.following && inView(this.current)) return this.current;
    if (this.following) return this.transcript.blocks.length - (step < 0 ? 0 : 1);
    for (let index = this.from; index < this.to; index++) if (inView(index)) return index - (step > 0 ? 1 : 0);
    return this.to;
  }
}

/** @param {Event} event @param {string} until */
const isBefore = ({ id, data }, until) => (/^\d+$/.test(until) ? id <= Number(until) : !(Date.parse(data["timestamp"]) > Date.parse(until)));
