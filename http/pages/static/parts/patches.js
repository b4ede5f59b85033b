// Patches as text, read into files, hunks and lines: unified ones, and the agent's own form.

/**
 * A line of a difference. `before`, `after`: its number in the file before and after, where it is known.
 * @typedef {{ sign: " " | "+" | "-", text: string, before: number | null, after: number | null }} Line
 */
/**
 * Lines that stand together. `gap`: words on what lies before them.
 * @typedef {{ gap: string, lines: Line[] }} Hunk
 */
/**
 * What becomes of a file. `notes`: what the patch says besides, such as that a file is binary.
 * @typedef {{ path: string, action: "create" | "modify" | "delete", hunks: Hunk[], notes: string[] }} FilePatch
 */

const HUNK = /^@@ -(\d{1,9})(?:,(\d{1,9}))? \+(\d{1,9})(?:,(\d{1,9}))? @@(.*)$/;
const HEADER = /^(?:diff --git |Index: |--- |\+\+\+ |@@ )/;
const ENVELOPE = /^\*\*\* (Add|Update|Delete) File: (.*)$/;

/** The files of a patch. Whatever is no patch comes back as notes: nothing is dropped. @returns {FilePatch[]} */
export function readPatch(/** @type {string} */ text) {
  const lines = text.split("\n");
  if (lines.at(-1) === "") lines.pop();
  return lines.some((line) => ENVELOPE.test(line)) ? new EnvelopeReader(lines).files : new PatchReader(lines).files;
}

/** @param {string} path @param {FilePatch["action"]} action @returns {FilePatch} */
export const filePatch = (path, action) => ({ path, action, hunks: [], notes: [] });

/** The name in a line such as `+++ b/src/cart.py<tab>time`. */
function nameIn(/** @type {string} */ rest) {
  const name = rest.startsWith('"') ? unquoted(rest) : (rest.split("\t")[0] ?? "").trimEnd();
  return name === "/dev/null" ? null : name.replace(/^[ab]\//, "");
}

/** A name as git quotes it, with its octal bytes. */
function unquoted(/** @type {string} */ rest) {
  const inside = /^"((?:[^"\\]|\\.)*)"/.exec(rest)?.[1] ?? rest;
  const bytes = inside.replace(/\\([0-7]{3}|.)/g, (_, code) => (code.length === 3 ? `%${hex(code)}` : (LETTERS[code] ?? code)));
  try {
    return decodeURIComponent(bytes.replace(/%(?![0-9A-F]{2})/g, "%25"));
  } catch {
    return inside; // no UTF-8: the quoted form says it exactly
  }
}

/** @type {Record<string, string>} */
const LETTERS = { n: "\n", t: "\t", r: "\r", a: "\x07", b: "\b", f: "\f", v: "\v" };
const hex = (/** @type {string} */ octal) => Number.parseInt(octal, 8).toString(16).toUpperCase().padStart(2, "0").slice(-2);

class PatchReader {
  /** @param {string[]} lines */
  constructor(lines) {
    /** @type {FilePatch[]} */
    this.files = [];
    /** @type {FilePatch | null} */
    this.file = null;
    this.named = false; // whether the file has both of its names, so that another name is another file's
    this.at = 0;
    while (this.at < lines.length) this.read(lines, lines[this.at] ?? "");
  }

  /** @param {string[]} lines @param {string} line */
  read(lines, line) {
    this.at++;
    const hunk = HUNK.exec(line);
    if (hunk) return this.hunk(lines, hunk);
    if (line.startsWith("diff --git ") || line.startsWith("Index: ")) return this.begin("");
    if (/^=+$/.test(line) || /^index [0-9a-f]+\.\.[0-9a-f]+/.test(line)) return undefined;
    if (line.startsWith("--- ")) return this.before(line.slice(4));
    if (line.startsWith("+++ ")) return this.after(line.slice(4));
    return this.note(line);
  }

  /** @param {string} path */
  begin(path) {
    this.file = filePatch(path, "modify");
    this.files.push(this.file);
    this.named = false;
  }

  current() {
    if (!this.file) this.begin("");
    return /** @type {FilePatch} */ (this.file);
  }

  /** @param {string} rest */
  before(rest) {
    if (this.named || this.file?.hunks.length) this.begin("");
    const name = nameIn(rest);
    if (name === null) this.current().action = "create";
    else this.current().path = name;
  }

  /** @param {string} rest */
  after(rest) {
    const name = nameIn(rest);
    if (name === null) this.current().action = "delete";
    else this.current().path = name;
    this.named = true;
  }

  /** @param {string} line */
  note(line) {
    if (line.startsWith("new file mode")) this.current().action = "create";
    else if (line.startsWith("deleted file mode")) this.current().action = "delete";
    else if (line) this.current().notes.push(line);
  }

  /** @param {string[]} lines @param {RegExpExecArray} head */
  hunk(lines, [, from, removed = "1", to, added = "1", place = ""]) {
    let [before, after] = [Number(from), Number(to)];
    const ends = { before: before + Number(removed), after: after + Number(added) };
    /** @type {Hunk} */
    const made = { gap: place.trim(), lines: [] };
    this.current().hunks.push(made);
    for (; this.at < lines.length; this.at++) {
      const line = lines[this.at] ?? "";
      const sign = line[0] ?? " "; // some programs leave the blank of an empty line out
      if (sign === "\\") continue;
      const wanted = (sign !== "+" && before < ends.before) || (sign !== "-" && after < ends.after);
      if (!wanted || (sign !== " " && sign !== "+" && sign !== "-")) break;
      const numbers = { before: sign === "+" ? null : before++, after: sign === "-" ? null : after++ };
      made.lines.push({ sign, text: line.slice(1), ...numbers });
    }
  }
}

/** The form that begins with `*** Begin Patch`, which names no line numbers. */
class EnvelopeReader {
  /** @param {string[]} lines */
  constructor(lines) {
    /** @type {FilePatch[]} */
    this.files = [];
    for (const line of lines) this.read(line);
  }

  /** @param {string} line */
  read(line) {
    const [, what, path] = ENVELOPE.exec(line) ?? [];
    const file = this.files.at(-1);
    if (what) this.files.push(filePatch(path ?? "", what === "Add" ? "create" : what === "Delete" ? "delete" : "modify"));
    else if (/^\*\*\* (?:Begin|End) Patch|^\*\*\* End of File/.test(line) || !file) return;
    else if (line.startsWith("*** ")) file.notes.push(line.slice(4));
    else if (line.startsWith("@@")) file.hunks.push({ gap: line.slice(2).trim(), lines: [] });
    else this.line(file, line);
  }

  /** @param {FilePatch} file @param {string} line */
  line(file, line) {
    if (!file.hunks.length) file.hunks.push({ gap: "", lines: [] });
    const sign = line[0] === "+" || line[0] === "-" ? line[0] : " ";
    const text = /^[ +-]/.test(line) ? line.slice(1) : line;
    file.hunks.at(-1)?.lines.push({ sign, text, before: null, after: null });
  }
}

/** Whether a text looks like a patch. */
export const isPatch = (/** @type {string} */ text) => text.split("\n", 20).some((line) => HEADER.test(line) || ENVELOPE.test(line));
