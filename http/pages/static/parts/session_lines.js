// What happens to a session as a whole, in one line each.

/** @type {Map<string, string>} */
const REASONS = new Map([
  ["requested", "on request"],
  ["server_stopped", "the service was stopped"],
  ["server_restarted", "the service ended unexpectedly"],
  ["agent_crashed", "the agent ended unexpectedly"],
]);

/** Why a session is interrupted. @param {string | undefined} reason */
export const interrupted = (reason) => (reason ? (REASONS.get(reason) ?? reason) : "");

const WAITS = ". It waits for a free agent slot";

/** @type {Map<string, (data: Record<string, any>) => string>} */
const LINES = new Map([
  ["started", (data) => `Session started${withWhat(data)}${data.waiting ? WAITS : ""}`],
  ["admitted", () => "A slot is free: the agent starts"],
  ["resumed", (data) => `Session resumed${data.waiting ? WAITS : ""}`],
  ["interrupting", () => "Interrupt requested"],
  ["interrupted", (data) => `Session interrupted${data.reason ? `: ${interrupted(data.reason)}` : ""}`],
  ["stopping", () => "Stop requested"],
  ["stopped", () => "Session stopped"],
  ["imported", (data) => `Imported from opencode${data.title ? `: ${data.title}` : ""}${notImported(data)}`],
  ["extended", (data) => `Continued in opencode itself${notImported(data)}`],
]);

/** @param {Record<string, any>} data */
const withWhat = (data) => `${data.agent ? ` with ${data.agent}` : ""}${data.model ? ` on ${data.model}` : ""}${given(data.files)}`;

const given = (/** @type {unknown} */ files) => (Array.isArray(files) && files.length ? `, with the files ${files.join(", ")}` : "");

/** @param {Record<string, any>} data */
const notImported = (data) => (data.left_out ? `. ${data.left_out} messages could not be imported` : "");

/** The line for a session event, or null where other blocks say it. @param {Record<string, any>} data */
export function sessionLine(data) {
  const made = LINES.get(String(data.action));
  return made ? { text: made(data), tone: data.action === "interrupted" ? "warn" : "" } : null;
}
