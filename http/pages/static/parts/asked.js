// What an agent asks, taken apart for a card, and the answers that a person gave in its form.

import { lines } from "./patchLines.js";

/** @import { CodebasePermission } from "../client/ledger.js" */

/** @typedef {{ words: string, several: boolean, own: boolean, options: { label: string, description: string }[] }} Question */

/**
 * @typedef {object} Asked
 * @property {string | null} command what runs, or which file or address it is about
 * @property {{ sign: string, text: string }[] | null} diff what an edit would change
 * @property {string | null} rest the other arguments, as JSON
 * @property {string[]} always what "always" would allow
 * @property {Question[]} questions
 */

const SUBJECTS = ["command", "filepath", "filePath", "url", "path", "pattern"];

/**
 * @param {CodebasePermission} asked
 * @returns {Asked}
 */
export function partsOf({ args, always }) {
  const left = { ...args };
  const take = (/** @type {string} */ name) => {
    const value = left[name];
    delete left[name];
    return /** @type {string} */ (value);
  };
  const subject = SUBJECTS.find((name) => typeof left[name] === "string");
  const command = subject ? take(subject) : null;
  const diff = typeof left["diff"] === "string" && left["diff"] ? lines(take("diff")) : null;
  const questions = Array.isArray(args["questions"]) ? args["questions"].map(question) : [];
  const rest = Object.keys(left).length ? JSON.stringify(left, null, 2) : null;
  return { command, diff, rest, always: always ?? [], questions };
}

/** What "always" allows, which may be more than what was asked for. A log from before it was recorded doesn't have it. @param {Record<string, any>} asked @returns {string[]} */
export const coveredBy = ({ always }) => (Array.isArray(always) ? always.map(String) : []);

/** @param {unknown} given @returns {Question} */
function question(given) {
  const { question: words, header, multiple, custom, options } = /** @type {Record<string, unknown>} */ (given ?? {});
  const known = Array.isArray(options) ? options : [];
  return {
    words: String(words ?? header ?? ""),
    several: multiple === true,
    own: custom !== false,
    options: known.map((one) => ({ label: String(one?.label ?? ""), description: String(one?.description ?? "") })),
  };
}

/**
 * The answers: for each question the labels of its chosen options as the agent gave them, or own words.
 *
 * @param {Question[]} questions
 * @param {FormData} given
 * @returns {string[][]}
 */
export function answersOf(questions, given) {
  return questions.map(({ options }, number) => {
    const chosen = new Set(given.getAll(`q${number}`).map(String));
    const words = String(given.get(`own${number}`) ?? "").trim();
    const own = words && (chosen.has("own") || !options.length) ? [words] : [];
    return [...options.filter((_, place) => chosen.has(String(place))).map(({ label }) => label), ...own];
  });
}
