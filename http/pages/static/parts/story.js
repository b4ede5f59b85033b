// A session's story: each event becomes something that a person can read. Whatever agents say is shown as text.

import { card, settle } from "./cards.js";
import { element, Words } from "./elements.js";
import { by, oneLine, visibleProse, write } from "./visible.js";

const LEAF = 50; // things that are laid out together, and not at all where nobody looks
const MOST = 60; // leaves on the page; what is older is in the log
const BUDGET = 20; // milliseconds of each frame that events may take; the others wait for the next frame
const BEHIND = 250; // milliseconds for which events that come faster than they are shown are gathered beside the page
const HEAD = 300; // characters of a tool's first argument in its heading

/** Shows events in `place`. `reply(permission, answer)` is called when a person answers what an agent asks. */
export class Story {
  constructor(place, reply) {
    this.place = place;
    this.reply = reply;
    this.planned = null;
    this.clear();
  }

  clear() {
    this.place.replaceChildren();
    this.fresh = document.createDocumentFragment();
    this.leaf = null;
    this.placed = 0;
    this.waiting = [];
    this.grown = new Set();
    this.parts = new Map();
    this.calls = new Map();
    this.asked = new Map();
  }

  /** Show an event with the others of this frame: the page is laid out once for all of them, and nothing is measured. */
  take(frame) {
    this.waiting.push(frame);
    if (this.planned === null) this.plan();
  }

  plan() {
    const frame = requestAnimationFrame(() => this.show());
    const hidden = setTimeout(() => this.show(), 1000); // where no frame comes, as nobody looks
    this.planned = () => {
      cancelAnimationFrame(frame);
      clearTimeout(hidden);
    };
  }

  show() {
    this.planned?.();
    this.planned = null;
    const until = performance.now() + BUDGET;
    let done = 0;
    while (done < this.waiting.length && (done % 20 || performance.now() < until)) this.event(this.waiting[done++]);
    this.waiting.splice(0, done);
    for (const words of this.grown) words.flush();
    this.grown.clear();
    if (!this.waiting.length || performance.now() > this.placed + BEHIND) this.put();
    if (this.waiting.length) this.plan();
  }

  put() {
    const excess = () => this.place.childElementCount + this.fresh.childElementCount - MOST;
    trim(this.place, excess());
    trim(this.fresh, excess());
    this.place.append(this.fresh);
    this.placed = performance.now();
  }

  event({ event, data }) {
    try {
      SHOWN.get(event)?.(this, data);
    } catch (error) {
      this.line(`An event (${event}) can't be shown: ${error.message}`, "bad");
    }
  }

  add(made) {
    if (!(this.leaf?.childElementCount < LEAF)) this.leaf = this.fresh.appendChild(element("div", "leaf"));
    return this.leaf.appendChild(made);
  }

  line(text, look = "line") {
    this.add(element("div", look)).textContent = visibleProse(text);
  }

  words(look, text) {
    const words = new Words(this.add(element("div", look)), text);
    this.grown.add(words);
    return words;
  }
}

/** Remove `many` of the oldest leaves. Cards that wait for an answer stay. */
function trim(place, many) {
  for (const leaf of [...place.children].slice(0, Math.max(many, 0))) {
    leaf.replaceChildren(...leaf.querySelectorAll(".waiting"));
    if (!leaf.childElementCount) leaf.remove();
  }
}

function messageSent(story, data) {
  story.words("person", data.content);
  if (by(data)) story.line(`Sent${by(data)}`);
}

function session(story, data) {
  const reason = data.reason ? ` (${data.reason})` : "";
  const model = data.model ? `, ${data.model}` : "";
  if (data.action === "started") story.line(`Session ${data.session_id}, ${data.agent}${model}${by(data)}`);
  else if (data.action !== "linked") story.line(`Session ${data.action}${reason}${by(data)}`);
}

function output(story, data) {
  const known = story.parts.get(data.part_id);
  const words = known ?? story.words(data.type === "reasoning" ? "reasoning" : "agent", "");
  if (!known) story.parts.set(data.part_id, words);
  if (data.replaces) words.replace(data.content);
  else words.add(data.content);
  story.grown.add(words);
}

function toolUse(story, data) {
  const argument = Object.values(data.args).find((value) => typeof value === "string") ?? "";
  const call = story.add(element("details", "tool"));
  const head = argument.length > HEAD ? `${argument.slice(0, HEAD)}…` : argument;
  write(call.appendChild(element("summary")), `${data.tool}  ${head}`, "");
  call.append(write(element("pre"), JSON.stringify(data.args, null, 2), "\n"));
  story.calls.set(data.call_id, call);
}

function toolResult(story, data) {
  const call = story.calls.get(data.call_id);
  if (!call) return;
  call.firstChild.append(data.status === "completed" ? "  ✓" : `  ✗ ${data.status}`);
  if (data.output) call.append(element("pre", "", data.output));
}

function access(story, data) {
  const times = data.times > 1 ? `, ${data.times} times` : "";
  story.line(`Refused: a process of the agent (${data.program}) called this service${times}: ${data.calls.join(", ")}`);
}

function permission(story, data) {
  const asked = story.asked.get(data.permission_id);
  if (data.action === "asked") {
    story.asked.set(data.permission_id, story.add(card(data, (answer) => story.reply(data.permission_id, answer))));
  } else if (asked && data.action === "replied") settle(asked, data);
}

function status(story, data) {
  if (data.attempt) story.line(`Attempt ${data.attempt}: ${data.message}`);
  else if (data.about) story.line(data.message);
}

/** How each kind of event is shown. Others are ignored: a name from a log, such as `clear`, never calls a method. */
const SHOWN = new Map([
  ["session", session],
  ["message_sent", messageSent],
  ["message_imported", (story, data) => story.words(data.role === "user" ? "person" : "agent", data.content)],
  ["output", output],
  ["tool_use", toolUse],
  ["tool_result", toolResult],
  ["file_change", (story, data) => story.line(oneLine(`${data.action} ${data.path}`) + (data.path_encoding ? " (percent-encoded)" : ""))],
  ["access", access],
  ["permission", permission],
  ["status", status],
  ["complete", (story, data) => story.line(`${data.status}: ${data.summary}`)],
  ["error", (story, data) => story.line(`${data.error} (${data.code})`, "bad")],
]);
