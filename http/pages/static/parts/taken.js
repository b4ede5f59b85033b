// What each kind of event makes of a transcript.

import { inWords, saySame } from "./errors.js";
import { Growing } from "./growing.js";
import { interrupted, sessionLine } from "./session_lines.js";
import { kindOf, subagentIn, targetOf } from "./tools.js";
import { amount, nothingUsed } from "./usage.js";

/** @import { Block, Branch, Event, Transcript } from "./transcript.js" */

const EDITS = 20; // calls that edit files, among the last ones, that a changed file may come from

/** @typedef {(story: Transcript, data: Record<string, any>, event: Event) => void} Taken */

/** @type {Taken} */
function messageSent(story, data, event) {
  story.turn = { began: data.timestamp, used: nothingUsed(), added: 0, removed: 0, files: new Set() };
  const said = { text: grown(data.content), agent: data.agent, model: data.model, delivered: false };
  story.sent.set(data.message_id, story.add(story.root, "prompt", event, said));
}

/** @type {Taken} */
function delivered(story, data) {
  const prompt = story.sent.get(data.message_id);
  if (!prompt) return;
  prompt.delivered = true;
  story.touch(prompt);
}

function grown(/** @type {unknown} */ text) {
  const made = new Growing();
  made.add(String(text ?? ""));
  return made;
}

/** @type {Taken} */
function output(story, data, event) {
  let block = story.texts.get(data.part_id);
  if (!block) {
    const kind = data.type === "reasoning" ? "reasoning" : "answer";
    block = story.add(story.branchOf(data), kind, event, { text: new Growing() });
    story.texts.set(data.part_id, block);
  }
  if (data.replaces) block.text.replace(String(data.content));
  else block.text.add(String(data.content));
  block.until = data.timestamp;
  story.touch(block);
}

/** @type {Taken} */
function toolUse(story, data, event) {
  addCall(story, story.branchOf(data), { ...data, status: "running" }, event);
}

/**
 * A call stands by itself, or with those beside it where all of them only look.
 * @param {Transcript} story @param {Branch} branch @param {Record<string, any>} data @param {{ data: Record<string, any>, id: number }} event
 */
function addCall(story, branch, data, event) {
  const args = isRecord(data.args) ? data.args : { given: data.args };
  const agentKind = kindOf(String(data.tool));
  const call = { tool: String(data.tool), args, agentKind, status: data.status, target: targetOf(String(data.tool), args), files: [] };
  const last = branch.blocks.at(-1);
  const group = last?.kind === "looks" ? last : null;
  const place = agentKind !== "look" ? branch : (group?.inner ?? story.add(branch, "looks", event, { inner: { blocks: [], owner: null } }).inner);
  if (place !== branch) place.owner = branch.blocks.at(-1) ?? null;
  const block = story.add(place, "call", event, call);
  story.calls.set(String(data.call_id), block);
  if (agentKind === "edit") story.edits = [...story.edits.slice(1 - EDITS), block];
  return block;
}

const isRecord = (/** @type {unknown} */ value) => value !== null && typeof value === "object" && !Array.isArray(value);

/** @type {Taken} */
function toolResult(story, data, event) {
  const call = story.calls.get(String(data.call_id)) ?? addCall(story, story.branchOf(data), { ...data, args: {} }, event);
  ended(call, data);
  call.ended = data.timestamp;
  const subagent = call.agentKind === "subagent" ? subagentIn(String(data.output ?? "")) : null;
  if (subagent && call.subagent !== subagent) story.adopt(call, subagent);
  story.touch(call);
}

/** @param {Block} call @param {Record<string, any>} data */
function ended(call, data) {
  call.status = data.status;
  call.output = typeof data.output === "string" ? data.output : "";
  call.exit = data.exit_code;
  printedMore(call, data);
}

/** @param {Block} call @param {Record<string, any>} data */
function printedMore(call, data) {
  if (data.whole_id || data.whole_missing) call.whole = { id: data.whole_id, bytes: data.whole_bytes, kept: data.whole_kept, missing: data.whole_missing };
}

/** @type {Taken} */
function fileChange(story, data, event) {
  const path = String(data.path);
  const change = { action: data.action, path, encoded: Boolean(data.path_encoding) };
  story.turn.files.add(path);
  const edit = story.edits.findLast((call) => touches(call, path));
  if (edit) {
    edit.files.push(change);
    story.touch(edit);
    return;
  }
  const last = story.blocks.at(-1);
  const block = last?.kind === "files" ? last : story.add(story.root, "files", event, { files: [] });
  block.files.push(change);
  story.touch(block);
}

/** @param {Block} call @param {string} path */
function touches({ args, target }, path) {
  const named = [args.filePath, args.filepath, args.path].find((one) => typeof one === "string");
  const names = named === undefined ? target.split(", ") : [named];
  return names.some((/** @type {string} */ name) => name === path || name.endsWith(`/${path}`) || path.endsWith(`/${name.replace(/^\.\//, "")}`));
}

/** @type {Taken} */
function fileDiff(story, data, event) {
  const last = story.blocks.at(-1);
  const block = last?.kind === "changes" ? last : story.add(story.root, "changes", event, { files: [], added: 0, removed: 0 });
  const { path, action, additions = 0, deletions = 0, diff, diff_missing: missing } = data;
  block.files.push({ path: String(path), action, added: amount(additions), removed: amount(deletions), diff, missing });
  block.added += amount(additions);
  block.removed += amount(deletions);
  story.turn.files.add(path);
  story.turn.added += amount(additions);
  story.turn.removed += amount(deletions);
  story.touch(block);
}

/** @type {Taken} */
function permission(story, data, event) {
  const block = story.asked.get(data.permission_id);
  if (data.action === "asked") story.asked.set(data.permission_id, story.add(story.branchOf(data), "ask", event, { asked: data }));
  else if (data.action === "answering" && block) block.answering = data;
  else if (data.action === "replied") settled(story, block ?? story.add(story.root, "ask", event, { asked: null }), data);
  if (block) story.touch(block);
}

/** @param {Transcript} story @param {Block} block @param {Record<string, any>} data */
function settled(story, block, data) {
  block.settled = data;
  story.touch(block);
}

/** @type {Taken} */
function session(story, data, event) {
  if (data.model) story.model = data.model;
  if (data.agent) story.agent = data.agent;
  if (data.action === "started" || (data.action === "imported" && !story.began)) story.began = data.started_at ?? data.timestamp;
  if (typeof data.status === "string") story.state = data.status;
  story.reason = data.action === "interrupted" ? interrupted(data.reason) : "";
  if (["interrupted", "stopped", "completed", "failed"].includes(data.action)) cutOff(story);
  const line = sessionLine(data);
  if (line) story.add(story.root, "line", event, line);
}

/** Calls that have no result when the agent ends will get none. @param {Transcript} story */
function cutOff(story) {
  for (const call of story.calls.values()) {
    if (call.status !== "running") continue;
    call.status = "cut off";
    story.touch(call);
  }
}

/** @type {Taken} */
function complete(story, data, event) {
  cutOff(story);
  story.state = data.status;
  const summary = String(data.summary ?? "");
  const { began, used, added, removed, files } = story.turn;
  const more = { status: data.status, finish: data.finish, began, used, added, removed, files: files.size };
  story.add(story.root, "end", event, { ...more, text: isSaid(story, summary) ? null : grown(summary) });
}

/** Whether the last blocks already show this text, as an answer or an error. @param {Transcript} story @param {string} text */
function isSaid(story, text) {
  if (!text.trim()) return true;
  const said = story.blocks.findLast((block) => block.kind === "answer" || (block.kind === "imported" && block.role === "assistant"));
  const error = story.blocks.findLast((block) => block.kind === "error");
  const errors = error ? [error.text, error.sentence] : [];
  return Boolean(said?.text?.is(text)) || errors.some((one) => saySame(one, text));
}

/** @type {Taken} */
function failure(story, data, event) {
  const text = String(data.error ?? "");
  const last = story.blocks.findLast((block) => block.kind !== "line");
  if (last?.kind === "error" && last.text === text && last.code === data.code) return;
  story.add(story.root, "error", event, { ...inWords(text), text, code: data.code });
}

/** @type {Taken} */
function status(story, data, event) {
  const last = story.blocks.at(-1);
  if (data.attempt && last?.kind === "attempt") {
    Object.assign(last, { attempt: data.attempt, ...inWords(String(data.message)), until: data.timestamp });
    story.touch(last);
  } else if (data.attempt) story.add(story.root, "attempt", event, { attempt: data.attempt, ...inWords(String(data.message)) });
  else if (data.about) story.add(story.root, "line", event, { text: String(data.message), tone: "" });
}

/** @type {Taken} */
function access(story, data, event) {
  const times = data.times > 1 ? `, ${data.times} times` : "";
  const program = data.program ? ` (${data.program})` : "";
  const calls = Array.isArray(data.calls) ? data.calls.join(", ") : "";
  story.add(story.root, "line", event, { text: `Refused: a process of the agent${program} called this service${times}: ${calls}`, tone: "bad" });
}

/** @type {Taken} */
function usage(story, data) {
  story.use(data);
  const owner = typeof data.subagent === "string" ? story.branches.get(data.subagent)?.owner : null;
  if (owner) {
    owner.cost = amount(owner.cost) + amount(data.cost);
    story.touch(owner);
  }
}

/** An imported message. A newer state of it takes the older one's place. @type {Taken} */
function messageImported(story, data, event) {
  const old = story.imported.get(data.message_id);
  const block = old ?? story.add(story.root, "imported", event, {});
  if (old) story.use(old.counted, -1);
  const counted = { tokens: data.tokens, cost: data.cost };
  story.use(counted);
  const at = data.created_at ?? block.at;
  Object.assign(block, { role: data.role, at, agent: data.agent, model: data.model, error: data.error, counted });
  block.text = grown(data.content);
  block.inner = { blocks: [], owner: block };
  if (data.reasoning) story.add(block.inner, "reasoning", event, { text: grown(data.reasoning) });
  for (const tool of Array.isArray(data.tools) ? data.tools : []) importCall(story, block, data.message_id, tool, event);
  story.imported.set(data.message_id, block);
  story.touch(block);
}

/** @param {Transcript} story @param {Block} block @param {string} message @param {any} tool @param {Event} event */
function importCall(story, block, message, tool, event) {
  const given = { ...tool, call_id: `${message} ${tool.call_id}` };
  ended(addCall(story, block.inner, given, { data: {}, id: event.id }), tool);
}

/** @type {Taken} */
function outputImported(story, data) {
  const call = story.calls.get(`${data.message_id} ${data.call_id}`);
  if (!call) return;
  printedMore(call, data);
  story.touch(call);
}

/** How each kind of event is taken. A name from a log, such as `clear`, never calls a method. @type {Map<string, Taken>} */
export const TAKEN = new Map([
  ["session", session],
  ["message_sent", messageSent],
  ["message_delivered", delivered],
  ["message_imported", messageImported],
  ["output_imported", outputImported],
  ["output", output],
  ["tool_use", toolUse],
  ["tool_result", toolResult],
  ["file_change", fileChange],
  ["file_diff", fileDiff],
  ["access", access],
  ["permission", permission],
  ["status", status],
  ["usage", usage],
  ["complete", complete],
  ["error", failure],
]);

/** Kinds whose content other events of the session have too, or that are about the service. */
export const PASSED_OVER = new Set(["task", "request", "codebase", "service", "erasure"]);
