// Text that grows, in pieces that are shown one by one: what is before the last piece never changes again.
//
// A text of any length costs as much per word as a short one, since only its last piece is read again when words come.

const LEAST = 1500; // characters of a piece after which it ends at the next blank line between two paragraphs
const MOST = 4000; // characters after which a piece ends wherever a line or a word ends

const FENCE = /^\s*(?:[-*+]\s+|>\s*|\d+[.)]\s+)*(`{3,}|~{3,})(.*)$/;
const CONTINUES = /^(?:\s|[-*+]\s|\d+[.)]\s|>|\|)/; // a line that may belong to what is before a blank line

/**
 * A piece of Markdown. `raw`: as it came. `source`: with the fences that make its code whole. `goesOn`: the next piece goes
 * on in the same paragraph, list or code.
 * @typedef {{ raw: string, source: string, goesOn: boolean }} Piece
 */

/** A text that grows. `pieces`: those that are complete; `open`: the last one. */
export class Growing {
  /** @type {Piece[]} */
  pieces = [];
  /** @type {{ mark: string, info: string } | null} */
  fence = null;
  prefix = ""; // the fence that the last piece's code began with, in a piece before
  open = "";
  read = 0; // how much of the last piece has been read, line by line
  blank = false; // whether the line before was blank
  edition = 1; // rises when the text is replaced

  /** Begin again with another text. @param {string} text */
  replace(text) {
    Object.assign(this, { pieces: [], fence: null, prefix: "", open: "", read: 0, blank: false, edition: this.edition + 1 });
    this.add(text);
  }

  /** @param {string} text */
  add(text) {
    this.open += text;
    if (!text.includes("\n") && this.open.length - this.read <= MOST) return; // the text isn't put together for each word
    for (let end; (end = this.open.indexOf("\n", this.read)) >= 0 && end < this.read + MOST; ) this.line(end);
    while (this.open.length - this.read > MOST) this.cut(wordEnd(this.open, MOST), true);
  }

  /** @param {number} end */
  line(end) {
    const line = this.open.slice(this.read, end);
    if (this.blank && !this.fence && this.read >= LEAST && line.trim() && !CONTINUES.test(line)) {
      this.cut(this.read, false);
      end = line.length;
    }
    this.note(line);
    this.read = end + 1;
    this.blank = line.trim() === "";
    if (this.read >= MOST) this.cut(this.read, true);
  }

  /** Remember whether the text is within a block of code. @param {string} line */
  note(line) {
    const [, mark = "", info = ""] = FENCE.exec(line) ?? [];
    if (!mark) return;
    if (!this.fence) {
      if (!(mark[0] === "`" && info.includes("`"))) this.fence = { mark, info: info.trim() };
    } else if (mark.startsWith(this.fence.mark) && !info.trim()) this.fence = null;
  }

  /** End a piece. @param {number} end @param {boolean} goesOn */
  cut(end, goesOn) {
    const raw = this.open.slice(0, end);
    const close = this.fence ? `${raw.endsWith("\n") ? "" : "\n"}${this.fence.mark}\n` : "";
    this.pieces.push({ raw, source: this.prefix + raw + close, goesOn });
    this.prefix = this.fence ? `${this.fence.mark}${this.fence.info}\n` : "";
    this.open = this.open.slice(end);
    this.read = 0;
    this.blank = false;
  }

  /** The last piece. @returns {Piece} */
  get last() {
    return { raw: this.open, source: this.prefix + this.open, goesOn: false };
  }

  /** The whole text. */
  get text() {
    return this.pieces.map((piece) => piece.raw).join("") + this.open;
  }

  /** Whether this is the text, but for blanks at its ends; a long one isn't put together for that. @param {string} text */
  is(text) {
    const length = this.pieces.reduce((sum, piece) => sum + piece.raw.length, this.open.length);
    return Math.abs(length - text.length) <= 200 && this.text.trim() === text.trim();
  }
}

/** Where to end a piece of a line that has no end. @param {string} text @param {number} most */
function wordEnd(text, most) {
  const blank = text.lastIndexOf(" ", most - 1) + 1;
  if (blank > most / 2) return blank;
  return most - (text.charCodeAt(most) >> 10 === 0x37 ? 1 : 0); // not between the halves of a pair
}
