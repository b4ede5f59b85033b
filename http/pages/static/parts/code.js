// Code with its words coloured, as HTML in which all of the code is escaped.

import highlight from "../vendored/highlight/highlight.min.js";

const MOST = 20_000; // characters of code that are coloured; longer code is shown as it is

/** @type {Record<string, string>} */
const ESCAPES = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };

/** Text as HTML. @param {string} text */
export const escaped = (text) => text.replace(/[&<>"']/g, (char) => ESCAPES[char] ?? char);

/** The name of a language that can be coloured, or null. @param {string} name as in a fence: `python`, `ts {1,3}` */
export function languageOf(name) {
  const word = /^[\w+#.-]{1,30}/.exec(name)?.[0] ?? "";
  return word && highlight.getLanguage(word) ? word.toLowerCase() : null;
}

/** The language of a file, by its name. @param {string} path */
export const languageOfFile = (path) => languageOf(/[^/]*$/.exec(path)?.[0].split(".").at(-1) ?? "");

/** Code as HTML. @param {string} code @param {string | null} language */
export function highlighted(code, language) {
  if (!language || code.length > MOST) return escaped(code);
  try {
    return highlight.highlight(code, { language, ignoreIllegals: true }).value;
  } catch {
    return escaped(code); // a grammar that fails on this code hides none of it
  }
}
