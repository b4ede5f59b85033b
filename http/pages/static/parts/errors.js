// Errors of models and agents in words: what they say to a person, without the JSON around it.

const DEEPEST = 9;
const SAYING = ["message", "error", "detail", "reason", "data", "cause", "responseBody"];

/** The sentence in an error's text, and the whole text where it has more. @param {string} text */
export function inWords(text) {
  const said = sentenceIn(text.trim(), DEEPEST).replace(/\s+/g, " ").trim();
  return { sentence: said || "It gave no reason.", whole: said === text.trim() ? "" : text };
}

/** @param {string} text @param {number} deep @returns {string} */
function sentenceIn(text, deep) {
  const start = text.search(/[{[]/);
  if (start < 0 || deep === 0) return text;
  const found = parsed(text.slice(start)) ?? parsed(text.slice(start, text.lastIndexOf("}") + 1));
  const inner = messageIn(found, deep - 1);
  if (!inner) return text;
  const before = text.slice(0, start).replace(/[\s:–-]+$/, "");
  return before && !/error$/i.test(before) && !inner.includes(before) ? `${before}: ${inner}` : inner;
}

/** @param {string} text @returns {unknown} */
function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** @param {unknown} value @param {number} deep @returns {string} */
function messageIn(value, deep) {
  if (typeof value === "string") return sentenceIn(value, deep);
  if (Array.isArray(value)) return deep ? messageIn(value[0], deep - 1) : "";
  if (value === null || typeof value !== "object" || deep === 0) return "";
  const record = /** @type {Record<string, unknown>} */ (value);
  for (const name of SAYING) {
    const inner = Object.hasOwn(record, name) ? messageIn(record[name], deep - 1) : "";
    if (inner) return inner;
  }
  return "";
}

/** Whether two texts say the same, but for blanks and a sentence that one of them has besides. @param {string} one @param {string} other */
export function saySame(one, other) {
  const [first, second] = [one, other].map((text) => text.replace(/\s+/g, " ").trim());
  return first === second;
}
