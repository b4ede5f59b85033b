// A card for a permission request or a question of the agent. After the answer, the card shows it.

import { element } from "./elements.js";
import { by, oneLine, write } from "./visible.js";

const OWN = "Other answer";

/** A card for what was asked; `reply(answer)` is called when a person answers. */
export function card(asked, reply) {
  const made = element("div", "ask waiting");
  made.tabIndex = -1;
  if (asked.kind === "question") questions(made, asked, reply);
  else permission(made, asked, reply);
  return made;
}

/** Say on the card what was answered, and by whom. */
export function settle(made, replied) {
  const focused = made.contains(document.activeElement);
  made.classList.remove("waiting");
  made.querySelector(":scope > .row")?.remove();
  for (const [number, question] of made.querySelectorAll(".question").entries()) {
    const words = question.firstElementChild;
    const chosen = replied.answers?.[number] ?? [];
    question.replaceChildren(words, element("div", "answer", chosen.length ? chosen.join("\n") : "No answer"));
    question.disabled = false;
  }
  const why = replied.message ? `: ${replied.message}` : "";
  made.append(element("div", "line", `${replied.answers ? "answered" : (replied.reply ?? replied.action)}, decided${by(replied) || ` by ${replied.decided_by ?? "the service"}`}${why}`));
  if (focused) made.focus({ preventScroll: true });
}

function permission(made, asked, reply) {
  made.append(write(element("strong"), `Allow the agent to use ${asked.tool}?`, ""));
  made.append(write(element("pre"), JSON.stringify(asked.args, null, 2), "\n"));
  const args = Object.values(asked.args);
  const patterns = (asked.patterns ?? []).filter((pattern) => pattern !== "*" && !args.includes(pattern));
  if (patterns.length) made.append(write(element("pre"), JSON.stringify(patterns, null, 2), "\n"));
  choices(made, [["Allow once", "once"], ["Always allow", "always"], ["Reject", "reject"]], (answer) => reply({ reply: answer }));
}

function questions(made, asked, reply) {
  made.append(element("strong", "", "The agent asks"));
  const all = Array.isArray(asked.args.questions) ? asked.args.questions : [];
  const read = all.map((question, number) => ask(made, question, `${asked.permission_id}-${number}`));
  const answer = (word) => reply(word === "once" ? { reply: word, answers: read.map((one) => one()) } : { reply: word });
  choices(made, [["Answer", "once"], ["Reject", "reject"]], answer);
}

function choices(made, all, chosen) {
  const row = made.appendChild(element("div", "row"));
  for (const [label, word] of all) {
    const button = row.appendChild(element("button", "", label));
    button.onclick = () => chosen(word);
  }
}

/** One question, as radios or boxes; what is returned reads the answer: labels as the agent gave them, or own words. */
function ask(made, question, name) {
  const several = question.multiple === true;
  const options = Array.isArray(question.options) ? question.options : [];
  const set = made.appendChild(element("fieldset", "question"));
  write(set.appendChild(element("legend")), String(question.question ?? question.header ?? ""));
  const fields = options.map((one) => option(set, several, name, one.label, one.description));
  const own = question.custom === false ? null : ownWords(set, several, name, options.length > 0);
  if (!several && fields.length) option(set, several, name, "No answer").checked = true;
  return () => {
    const labels = options.filter((_, number) => fields[number].checked).map((one) => one.label);
    const words = own?.();
    return words ? [...labels, words] : labels;
  };
}

function option(set, several, name, label, description) {
  const row = set.appendChild(element("label", "option"));
  const field = row.appendChild(element("input"));
  field.type = several ? "checkbox" : "radio";
  field.name = name;
  const text = row.appendChild(element("span"));
  write(text.appendChild(element("span", "label")), String(label ?? ""), "");
  if (description) write(text.appendChild(element("span", "description")), String(description));
  return field;
}

function ownWords(set, several, name, others) {
  const mark = others ? option(set, several, name, OWN) : null;
  const field = set.appendChild(element("input"));
  field.setAttribute("aria-label", `${OWN}: ${oneLine(set.firstElementChild.textContent)}`);
  field.oninput = () => mark && (mark.checked = field.value.trim() !== "");
  return () => (mark?.checked === false ? "" : field.value.trim());
}
