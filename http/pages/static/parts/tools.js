// Tool calls in a few words: what kind they are, what they are about, and what many of them did together.

/** @typedef {"look" | "edit" | "command" | "subagent" | "plan" | "other"} Kind */

/** @type {Map<string, Kind>} */
const KINDS = new Map([
  ...["read", "list", "glob", "grep", "lsp", "codesearch", "todoread"].map((name) => /** @type {const} */ ([name, "look"])),
  ...["edit", "write", "multiedit", "patch", "apply_patch"].map((name) => /** @type {const} */ ([name, "edit"])),
  ["bash", "command"],
  ["task", "subagent"],
  ["todowrite", "plan"],
]);

/** What calls of these tools did, in words for one and for several. */
const SEARCHES = /** @type {const} */ (["search", "searches"]);
const OTHERS = /** @type {const} */ (["other look", "other looks"]);
/** @type {Map<string, readonly [string, string]>} */
const DONE = new Map(/** @type {[string, readonly [string, string]][]} */ ([
  ["read", ["read", "reads"]],
  ["glob", SEARCHES],
  ["grep", SEARCHES],
  ["codesearch", SEARCHES],
  ["list", ["listing", "listings"]],
]));

const LONGEST = 160;

/** @type {Map<string, string[]>} */
const ABOUT = new Map([
  ["read", ["filePath", "path"]],
  ["grep", ["pattern"]],
  ["glob", ["pattern"]],
  ["list", ["path"]],
  ["task", ["description"]],
  ["webfetch", ["url"]],
  ["websearch", ["query"]],
  ["skill", ["name"]],
  ["invalid", ["tool"]],
]);
const TYPICAL = ["command", "filePath", "filepath", "path", "pattern", "url", "query", "description", "name"];

/** @param {string} tool */
export const kindOf = (tool) => KINDS.get(tool) ?? "other";

/**
 * What a call is about: a file, a command, words that are searched. At most some characters of it.
 * @param {string} tool @param {Record<string, any>} args
 */
export function targetOf(tool, args) {
  const names = [...(ABOUT.get(tool) ?? []), ...TYPICAL];
  const name = names.find((one) => Object.hasOwn(args, one) && typeof args[one] === "string" && args[one] !== "");
  const patched = typeof args.patchText === "string" ? patchedFiles(args.patchText) : "";
  const said = name ? args[name] : patched || firstText(args);
  return said.length > LONGEST ? `${said.slice(0, LONGEST)}…` : said;
}

/** @param {Record<string, any>} args */
const firstText = (args) => Object.values(args).find((value) => typeof value === "string") ?? "";

/** @param {string} patch */
const patchedFiles = (patch) => [...patch.matchAll(/^\*\*\* (?:Add|Update|Delete) File: (.*)$/gm)].map((found) => found[1]).join(", ");

/** Where in its target a call looks, in words; empty where it looks everywhere. @param {string} tool @param {Record<string, any>} args */
export function placeOf(tool, args) {
  if (tool === "read" && (args.offset || args.limit)) return `from line ${args.offset || 1}${args.limit ? `, ${args.limit} lines` : ""}`;
  if ((tool === "grep" || tool === "glob") && args.path) return `in ${args.path}${args.include ? `, ${args.include}` : ""}`;
  return tool === "grep" && args.include ? `in ${args.include}` : "";
}

/** What calls that only look did together: `1 read, 2 searches`. @param {string[]} tools */
export function together(tools) {
  /** @type {Map<readonly [string, string], number>} */
  const counts = new Map();
  for (const words of tools.map((tool) => DONE.get(tool) ?? OTHERS)) counts.set(words, (counts.get(words) ?? 0) + 1);
  return [...counts].map(([[one, several], count]) => `${count} ${count === 1 ? one : several}`).join(", ");
}

/** The agent's id of the subagent that a call of `task` started, where its result names it. @param {string} output */
export const subagentIn = (output) => /^<task id="([^"\s]{1,100})"/.exec(output)?.[1] ?? /^task_id: (\S{1,100})/m.exec(output)?.[1] ?? null;

/** The marks that a tool's output is framed with, for the agent's model. @type {Map<string, string>} */
const FRAMES = new Map([["read", "content"], ["task", "task_result"]]);
const AFTER = ["</task>"]; // what may stand behind the frame without being shown

/** What a tool printed, without its frame. What is behind the frame is shown: then all of it is. @param {string} tool @param {string} output */
export function printed(tool, output) {
  const frame = FRAMES.get(tool);
  if (!frame) return output;
  const begin = output.indexOf(`<${frame}>\n`);
  const end = output.lastIndexOf(`</${frame}>`);
  const from = begin + frame.length + 3;
  if (begin < 0 || end < from) return output;
  const behind = output.slice(end + frame.length + 3).trim();
  if (behind && !AFTER.includes(behind)) return output;
  return output.slice(from, output[end - 1] === "\n" ? Math.max(from, end - 1) : end);
}
