// Each kind of event in a few words, for lists. Whatever an agent named stays text: hidden characters are written out.

import { oneLine } from "./visible.js";

/** @typedef {{ id: number, event: string, data: Record<string, any>, raw: string }} Recorded an event as the streams bring it */

const LONGEST = 200;
const TYPICAL = ["command", "filePath", "filepath", "path", "pattern", "url", "description"];
const REPLIES = new Map([
  ["once", "allowed once"],
  ["always", "always allowed"],
  ["reject", "rejected"],
]);
const DECIDERS = new Map([
  ["user", "by a person"],
  ["auto_approve", "automatically"],
  ["timeout", "because nobody answered in time"],
  ["interrupt", "by the end of the run"],
  ["agent", "by the agent itself"],
]);

/** @param {unknown} value */
const text = (value) => (typeof value === "string" ? value : value === undefined || value === null ? "" : JSON.stringify(value));

/** @param {unknown} args */
function argument(args) {
  const given = args !== null && typeof args === "object" ? /** @type {Record<string, unknown>} */ (args) : {};
  const name = TYPICAL.find((one) => Object.hasOwn(given, one) && typeof given[one] === "string");
  return name ? text(given[name]) : Object.keys(given).length ? JSON.stringify(given) : "";
}

/** @param {...unknown} parts */
const words = (...parts) => parts.map(text).filter(Boolean).join(" ");

/** @param {Record<string, any>} data */
const lines = (data) => (data.diff_missing ? data.diff_missing.replaceAll("_", " ") : `+${data.additions ?? 0} −${data.deletions ?? 0}`);

/** @param {Record<string, any>} data */
function permission(data) {
  if (data.action === "asked") return words("asks:", data.tool, argument(data.args));
  const who = data.decided_by === "user" && data.by ? "" : (DECIDERS.get(data.decided_by) ?? data.decided_by);
  return words(data.answers ? "answered" : (REPLIES.get(data.reply) ?? data.reply), who, data.message && `“${data.message}”`);
}

/** @type {Map<string, (data: Record<string, any>) => string>} */
const FORMS = new Map([
  ["access", (data) => words("refused:", data.program, text(data.calls))],
  ["codebase", (data) => words(data.action, data.name, data.path)],
  ["complete", (data) => words(`${data.status}:`, data.summary)],
  ["erasure", (data) => words(`${Object.keys(data.tombstones ?? {}).length} events erased:`, data.reason)],
  ["error", (data) => words(data.error, `(${data.code})`)],
  ["file_change", (data) => words(data.action, data.path)],
  ["file_diff", (data) => words(data.action, data.path, lines(data))],
  ["message_delivered", (data) => words("the agent took", data.message_id)],
  ["message_imported", (data) => words(`${data.role}:`, data.content)],
  ["message_sent", (data) => words(data.content)],
  ["output", (data) => words(data.type === "reasoning" ? "(reasoning)" : "", data.content)],
  ["output_imported", (data) => words(data.tool, data.call_id)],
  ["permission", permission],
  ["request", (data) => words("answered", data.status, "to", data.key)],
  ["service", (data) => words(data.action, data.read, data.codebase)],
  ["session", (data) => words(data.action, data.reason, data.model, data.prompt)],
  ["status", (data) => words(`${data.status}:`, data.message)],
  ["task", (data) => words(data.action, data.title, data.reason, data.error)],
  ["tool_result", (data) => words(data.tool, data.status === "completed" ? "done" : data.status, data.output)],
  ["tool_use", (data) => words(data.tool, argument(data.args))],
  ["usage", (data) => words(text(data.tokens?.input ?? 0), "tokens in,", text(data.tokens?.output ?? 0), `out, $${data.cost}`)],
]);

/**
 * The event in short, on one line. A kind that is not known yet is shown as its data.
 * @param {string} kind @param {Record<string, any>} data
 */
export function shortForm(kind, data) {
  let said;
  try {
    said = FORMS.get(kind)?.(data) ?? JSON.stringify(data);
  } catch {
    said = JSON.stringify(data); // of another form than events of this kind have
  }
  const cut = said.length > LONGEST ? `${said.slice(0, LONGEST)}…` : said;
  return oneLine(cut.replace(/\s+/g, " ").trim());
}

/**
 * Who caused an event; empty where nobody is on record.
 * @param {Record<string, any>} data
 */
export const whoCaused = ({ by, via }) => (by ? oneLine(`${by}${via ? ` (via ${via})` : ""}`) : "");
