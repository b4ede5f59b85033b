// The files that a session changed, from its own events: each line of a difference has a number that can be proved.

/** @import { Recorded } from "./short_form.js" */

/**
 * @typedef {object} ChangedFile
 * @property {string} path
 * @property {boolean} encoded whether the path is percent-encoded, since its name is no text
 * @property {"create" | "modify" | "delete"} action what became of it as a whole
 * @property {number} additions lines
 * @property {number} deletions
 * @property {{ event: number, text: string }[]} diffs what is on record, with the number of its event
 * @property {number[]} events the numbers of all events that say so, in order
 * @property {{ session: string | null, number: number }} last the newest of these events, and its session
 * @property {string | null} missing why the newest difference is not on record, in words
 */

const ERASED = "[erased]";
const NOT_COMPARED =
  "opencode compared nothing: there is no git repository, the file is too large for it, or the run was cut short.";
const NOT_YET = "opencode compares the files when the work of the prompt ends.";
const ENDS = new Set(["completed", "failed", "stopped", "interrupted"]);
/** @type {Map<string, string>} */
const MISSING = new Map([
  ["binary_or_empty", "The file has no lines: it is binary or empty."],
  ["too_large", "The difference is too large to be recorded."],
]);

/**
 * The files that events changed, the one that was changed last first.
 * @param {Iterable<Recorded>} events
 * @returns {{ files: ChangedFile[], erased: number[] }} `erased`: events about files whose names were erased
 */
export function changedFiles(events) {
  /** @type {Map<string, ChangedFile>} */
  const files = new Map();
  /** @type {number[]} */
  const erased = [];
  for (const { id, event, data } of events) {
    if (event === "complete" || (event === "session" && ENDS.has(data.action))) notCompared(files.values());
    if (event !== "file_change" && event !== "file_diff") continue;
    if (data.path === ERASED) erased.push(id);
    else take(files, event, id, data);
  }
  return { files: [...files.values()].sort((one, other) => other.last.number - one.last.number), erased };
}

/** The prompt's work is over: what was not compared by now never is. @param {Iterable<ChangedFile>} files */
function notCompared(files) {
  for (const file of files) if (file.missing === NOT_YET) file.missing = NOT_COMPARED;
}

/** @param {Map<string, ChangedFile>} files @param {string} event @param {number} id @param {Record<string, any>} data */
function take(files, event, id, data) {
  const known = files.get(data.path);
  const file = known ?? begun(data);
  files.set(file.path, file);
  file.events.push(id);
  file.last = { session: data.session_id ?? null, number: id };
  if (event === "file_change") {
    if (known) file.action = together(file.action, data.action);
    file.missing = NOT_YET;
    file.encoded ||= data.path_encoding === "percent";
    return;
  }
  file.additions += data.additions ?? 0;
  file.deletions += data.deletions ?? 0;
  file.missing = data.diff_missing ? (MISSING.get(data.diff_missing) ?? String(data.diff_missing)) : null;
  if (typeof data.diff === "string") file.diffs.push({ event: id, text: data.diff });
}

/** @param {Record<string, any>} data @returns {ChangedFile} */
const begun = ({ path, action }) => ({
  path,
  action,
  encoded: false,
  additions: 0,
  deletions: 0,
  diffs: [],
  events: [],
  last: { session: null, number: 0 },
  missing: NOT_YET,
});

/** @param {ChangedFile["action"]} before @param {ChangedFile["action"]} now @returns {ChangedFile["action"]} */
function together(before, now) {
  if (before === "create" && now === "modify") return "create"; // it wasn't there before the session
  if (before === "delete" && now === "create") return "modify"; // it came back
  return now;
}

/** The difference of a file as a patch that `git apply` takes. @param {ChangedFile} file */
export const patchOf = ({ diffs }) => diffs.map(({ text }) => (text.endsWith("\n") ? text : `${text}\n`)).join("");
