// What the page is made of: elements whose text is never read as HTML, text that grows, lists that keep their rows.

import { visible, visibleProse } from "./visible.js";

const BLOCK = 4000; // characters after which long text goes on in a block of its own, where a line ends
const LONGEST = 16000; // characters of a line after which it goes on in a block too
const OPEN = 64; // characters at the end of growing text that the next ones may still change

/** Make an element; hidden characters in `text` are written out. */
export function element(kind, look, text) {
  const made = document.createElement(kind);
  if (look) made.className = look;
  if (text !== undefined) made.textContent = visible(text);
  return made;
}

/** Sentences that grow in `place`. What is added is shown by `flush`, at a cost that doesn't grow with what is there. */
export class Words {
  constructor(place, text = "") {
    this.place = place;
    this.replace(text);
  }

  replace(text) {
    this.place.replaceChildren();
    this.begin();
    this.add(text);
  }

  add(text) {
    this.open += text;
  }

  begin() {
    const block = this.place.appendChild(document.createElement("div"));
    this.settled = block.appendChild(new Text());
    this.tail = block.appendChild(new Text());
    this.open = "";
  }

  flush() {
    for (let end; (end = this.blockEnd()) >= 0; ) {
      const rest = this.open.slice(end + (this.open[end] === "\n"));
      this.settle(end);
      this.begin();
      this.open = rest;
    }
    this.settle(this.settledEnd());
    this.tail.data = visibleProse(this.open);
  }

  settle(end) {
    if (end) this.settled.appendData(visibleProse(this.open.slice(0, end)));
    this.open = this.open.slice(end);
    this.tail.data = "";
  }

  blockEnd() {
    const room = Math.max(BLOCK - this.settled.length, 0);
    if (this.open.length <= room) return -1;
    const line = this.open.indexOf("\n", room);
    const most = Math.max(LONGEST - this.settled.length, OPEN);
    return line > most || (line < 0 && this.open.length > most) ? wholeBefore(this.open, most) : line;
  }

  settledEnd() {
    const blank = Math.max(this.open.lastIndexOf(" "), this.open.lastIndexOf("\n")) + 1;
    const least = this.open.length - OPEN;
    return blank >= least ? blank : wholeBefore(this.open, least);
  }
}

/** The place before `end`, or just there, that is not between the halves of a pair. */
const wholeBefore = (text, end) => end - (text.charCodeAt(end) >> 10 === 0x37);

/** Show `items` as rows of `place`. A row stays the same element for as long as its item's key is there, and in focus. */
export function keyed(place, items, key, make, update) {
  const focused = place.contains(document.activeElement) ? document.activeElement : null;
  const index = focused ? [...place.children].findIndex((row) => row.contains(focused)) : -1;
  const rows = new Map([...place.children].map((row) => [row.dataset.key, row]));
  let next = place.firstElementChild;
  for (const item of items) {
    let row = rows.get(key(item));
    if (row) rows.delete(key(item));
    else {
      row = element("li");
      row.dataset.key = key(item);
      row.append(make());
    }
    update(row.firstElementChild, item);
    if (row === next) next = next.nextElementSibling;
    else place.insertBefore(row, next);
  }
  for (const row of rows.values()) row.remove();
  if (focused && document.activeElement !== focused) refocus(place, focused, index);
}

function refocus(place, focused, index) {
  const near = place.children[Math.min(index, place.childElementCount - 1)];
  (focused.isConnected ? focused : near?.firstElementChild)?.focus({ preventScroll: true });
}
