// A session's story: each event becomes something that a person can read. Whatever agents say is shown as text.

const MOST = 3000; // things on the page; what is older is in the log

/** Make an element; `text` is never read as HTML. */
export function element(kind, look, text) {
  const made = document.createElement(kind);
  if (look) made.className = look;
  if (text !== undefined) made.textContent = text;
  return made;
}

/** Shows events in `place`. `reply(permission, answer)` is called when a person answers what an agent asks. */
export class Story {
  constructor(place, reply) {
    this.place = place;
    this.reply = reply;
    this.clear();
  }

  clear() {
    this.place.replaceChildren();
    this.parts = new Map();
    this.calls = new Map();
    this.asked = new Map();
  }

  take({ event, data }) {
    const atEnd = this.place.scrollHeight - this.place.scrollTop - this.place.clientHeight < 80;
    this[event]?.(data);
    while (this.place.childElementCount > MOST) this.place.firstElementChild.remove();
    if (atEnd) this.place.scrollTop = this.place.scrollHeight;
  }

  add(made) {
    this.place.append(made);
    return made;
  }

  line(text, look = "line") {
    this.add(element("div", look, text));
  }

  session(data) {
    const reason = data.reason ? ` (${data.reason})` : "";
    const model = data.model ? `, ${data.model}` : "";
    if (data.action === "started") this.line(`Session ${data.session_id}, ${data.agent}${model}`);
    else if (data.action !== "linked") this.line(`Session ${data.action}${reason}`);
  }

  message_sent(data) {
    this.add(element("div", "person", data.content));
  }

  message_imported(data) {
    this.add(element("div", data.role === "user" ? "person" : "agent", data.content));
  }

  output(data) {
    if (!this.parts.has(data.part_id)) {
      const look = data.type === "reasoning" ? "reasoning" : "agent";
      this.parts.set(data.part_id, this.add(element("div", look, "")));
    }
    const part = this.parts.get(data.part_id);
    if (data.replaces) part.textContent = data.content;
    else part.append(data.content);
  }

  tool_use(data) {
    const told = Object.values(data.args).find((value) => typeof value === "string") ?? "";
    const call = this.add(element("details", "tool"));
    call.append(element("summary", "", `${data.tool}  ${told.split("\n")[0]}`));
    call.append(element("pre", "", JSON.stringify(data.args, null, 2)));
    this.calls.set(data.call_id, call);
  }

  tool_result(data) {
    const call = this.calls.get(data.call_id);
    if (!call) return;
    call.firstChild.append(data.status === "completed" ? "  ✓" : `  ✗ ${data.status}`);
    if (data.output) call.append(element("pre", "", data.output));
  }

  file_change(data) {
    this.line(`${data.action} ${data.path}${data.path_encoding ? " (percent-encoded)" : ""}`);
  }

  access(data) {
    const times = data.times > 1 ? `, ${data.times} times` : "";
    this.line(`Refused: a process of the agent (${data.program}) asked the service itself${times}: ${data.calls.join(", ")}`);
  }

  permission(data) {
    if (data.action === "asked") this.ask(data);
    else this.settle(data);
  }

  ask(data) {
    const card = this.add(element("div", "ask"));
    card.append(element("strong", "", data.kind === "question" ? "The agent asks" : `May the agent use ${data.tool}?`));
    if (data.kind === "question") this.questions(card, data);
    else {
      card.append(element("pre", "", JSON.stringify(data.args, null, 2)));
      this.choices(card, data.permission_id, [["Once", "once"], ["Always", "always"], ["No", "reject"]]);
    }
    this.asked.set(data.permission_id, card);
  }

  questions(card, data) {
    const fields = data.args.questions.map((question) => {
      const label = element("label", "", question.question);
      const field = label.appendChild(element("input"));
      field.placeholder = (question.options ?? []).map((option) => option.label).join(", ");
      card.append(label);
      return field;
    });
    const answers = () => ({ answers: fields.map((field) => (field.value.trim() ? [field.value.trim()] : [])) });
    this.choices(card, data.permission_id, [["Answer", "once", answers], ["Don't answer", "reject"]]);
  }

  choices(card, id, choices) {
    const row = element("div", "row");
    for (const [label, reply, more] of choices) {
      const button = element("button", "", label);
      button.onclick = () => this.reply(id, { reply, ...more?.() });
      row.append(button);
    }
    card.append(row);
  }

  settle(data) {
    const card = this.asked.get(data.permission_id);
    if (!card) return;
    card.querySelector(".row")?.remove();
    card.append(element("div", "line", `${data.reply ?? data.action}, decided by ${data.decided_by ?? "the service"}`));
  }

  status(data) {
    if (data.attempt) this.line(`Attempt ${data.attempt}: ${data.message}`);
    else if (data.about) this.line(data.message);
  }

  complete(data) {
    this.line(`${data.status}: ${data.summary}`);
  }

  error(data) {
    this.line(`${data.error} (${data.code})`, "bad");
  }
}
