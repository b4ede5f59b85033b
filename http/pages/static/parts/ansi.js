// The colours of a command's output: text with its looks, as classes. What isn't a colour is left in the text, to be seen.

/** @typedef {{ text: string, look: string }} Run */

const LOOKS = /(?:\x1b\[|\x9b)([0-9;:]{0,60})m/g;

const SIMPLE = new Map([[1, "bold"], [2, "faint"], [3, "italic"], [4, "underlined"], [9, "crossed"]]);
/** @type {Map<number, string[]>} */
const ENDS = new Map([[22, ["bold", "faint"]], [23, ["italic"]], [24, ["underlined"]], [29, ["crossed"]]]);

/** The text of a command's output, each part with its classes. @param {string} text @returns {Run[]} */
export function runs(text) {
  /** @type {Run[]} */
  const made = [];
  const pen = new Pen();
  let from = 0;
  const add = (/** @type {string} */ piece) => piece && made.push({ text: piece, look: pen.look() });
  for (const found of text.matchAll(LOOKS)) {
    add(text.slice(from, found.index));
    pen.take(found[1] ?? "");
    from = found.index + found[0].length;
  }
  add(text.slice(from));
  return made;
}

/** The colours and looks of what follows. */
class Pen {
  /** @type {Set<string>} */
  styles = new Set();
  /** @type {number | null} */
  front = null;
  /** @type {number | null} */
  back = null;
  inverse = false;

  reset() {
    Object.assign(this, { styles: new Set(), front: null, back: null, inverse: false });
  }

  /** Take a list of numbers, as between the `[` and the `m`. @param {string} list */
  take(list) {
    const numbers = list.split(/[;:]/).map(Number);
    while (numbers.length) this.one(numbers.shift() ?? 0, numbers);
  }

  /** @param {number} code @param {number[]} more */
  one(code, more) {
    if (code === 0) this.reset();
    else if (SIMPLE.has(code)) this.styles.add(SIMPLE.get(code) ?? "");
    else if (ENDS.has(code)) for (const style of ENDS.get(code) ?? []) this.styles.delete(style);
    else if (code === 7 || code === 27) this.inverse = code === 7;
    else if (code === 38 || code === 48) this.colour(code === 38, extended(more));
    else this.basic(code);
  }

  /** @param {number} code */
  basic(code) {
    const [group, number] = [Math.trunc(code / 10), code % 10];
    if ([3, 4].includes(group) && number < 8) this.colour(group === 3, number);
    else if ([9, 10].includes(group) && number < 8) this.colour(group === 9, number + 8);
    else if (code === 39 || code === 49) this.colour(code === 39, null);
  }

  /** @param {boolean} front @param {number | null} colour */
  colour(front, colour) {
    if (front) this.front = colour;
    else this.back = colour;
  }

  /** The classes. Text in the colour of its ground, or concealed, would be hidden: it is shown. */
  look() {
    const [front, back] = this.inverse ? [this.back, this.front] : [this.front, this.back];
    const ground = this.inverse && back === null ? ["inverse"] : [];
    const same = front !== null && back !== null && front % 8 === back % 8;
    const colours = [front === null ? [] : [`front-${front}`], back === null || same ? [] : [`back-${back}`]].flat();
    return [...this.styles, ...ground, ...colours].join(" ");
  }
}

/** One of the sixteen colours for one of 256, or of all: the page's own are legible in the dark and in the light. */
function extended(/** @type {number[]} */ more) {
  const kind = more.shift();
  if (kind === 5) return ofPalette(more.shift() ?? 0);
  if (kind === 2) return nearest(more.splice(0, 3));
  return null;
}

/** @param {number} number */
function ofPalette(number) {
  if (number < 16) return number;
  if (number > 231) return number > 243 ? 7 : 8;
  const cube = number - 16;
  return nearest([Math.trunc(cube / 36), Math.trunc(cube / 6) % 6, cube % 6].map((level) => level * 51));
}

/** @param {number[]} colour red, green and blue */
function nearest(colour) {
  const [most, least] = [Math.max(...colour), Math.min(...colour)];
  if (most - least < 48) return most < 64 ? 0 : most < 160 ? 8 : most < 224 ? 7 : 15;
  const half = (most + least) / 2;
  const bits = colour.reduce((sum, level, at) => sum + (level > half ? 1 << at : 0), 0);
  return bits + (most > 200 ? 8 : 0);
}
