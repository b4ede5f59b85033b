// The exact text of a value inside a JSON text. A hash covers the text as it was recorded: parsing it and writing it
// again may change numbers, escapes and the order of names.

/** @param {string} json @param {number} at */
function afterString(json, at) {
  for (let end = at + 1; end < json.length; end++) {
    if (json[end] === "\\") end++;
    else if (json[end] === '"') return end + 1;
  }
  throw new SyntaxError("A text has no end.");
}

/** @param {string} json @param {number} at */
function afterBlanks(json, at) {
  while (" \n\r\t".includes(json[at] ?? "x")) at++;
  return at;
}

/** @param {string} json @param {number} at */
function afterValue(json, at) {
  if (json[at] === '"') return afterString(json, at);
  let depth = 0;
  for (let end = at; end < json.length; end++) {
    const char = /** @type {string} */ (json[end]);
    if (char === '"') end = afterString(json, end) - 1;
    else if (char === "{" || char === "[") depth++;
    else if (char === "}" || char === "]") {
      if (depth === 0) return end; // of what the value is in
      if (--depth === 0) return end + 1;
    } else if (char === "," && depth === 0) return end;
  }
  return json.length;
}

/**
 * The texts of the values in a JSON object, by name; of two values of one name the last one counts, as in JSON.parse.
 * @param {string} json
 */
export function members(json) {
  JSON.parse(json); // a text that is no JSON fails here
  /** @type {Map<string, string>} */
  const found = new Map();
  for (const [name, text] of parts(json, "{")) found.set(/** @type {string} */ (name), text);
  return found;
}

/**
 * The texts of the items in a JSON array.
 * @param {string} json
 */
export function items(json) {
  JSON.parse(json);
  return Array.from(parts(json, "["), ([, text]) => text);
}

/** @param {string} json @param {"{" | "["} opening @returns {Generator<[string | null, string]>} */
function* parts(json, opening) {
  let at = afterBlanks(json, 0);
  if (json[at] !== opening) throw new SyntaxError(opening === "{" ? "This is no object." : "This is no list.");
  at = afterBlanks(json, at + 1);
  while (json[at] !== "}" && json[at] !== "]") {
    let name = null;
    if (opening === "{") {
      const end = afterString(json, at);
      name = JSON.parse(json.slice(at, end));
      at = afterBlanks(json, afterBlanks(json, end) + 1); // past the colon
    }
    const end = afterValue(json, at);
    yield [name, json.slice(at, end).trimEnd()];
    at = afterBlanks(json, end);
    if (json[at] === ",") at = afterBlanks(json, at + 1);
  }
}
