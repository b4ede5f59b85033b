// The document's workflow with the project's own client. Usage: node workflow.js URL DIRECTORY. It prints what it saw as
// JSON; `tsc --strict` has to accept all of it.
import { Ledger, LedgerApiError, type AnyEvent, type StatusEvent } from "./client/ledger.js";

declare const process: { argv: string[] };
const [, , url = "", directory = ""] = process.argv;
const ledger = new Ledger({ url });
const seen: Record<string, unknown> = {};

/** What one event says, by its name alone. */
function label(event: AnyEvent): string {
  switch (event.event) {
    case "status":
      return `${event.data.status}: ${event.data.message}`;
    case "output":
      return `${event.data.type}: ${event.data.content}`;
    case "tool_use":
      return event.data.tool;
    case "file_change":
      return `${event.data.action} ${event.data.path}`;
    case "session":
      return event.data.action === "started" ? `${event.data.agent}: ${event.data.prompt}` : event.data.action;
    case "permission":
      return event.data.action === "asked" ? event.data.tool : event.data.reply;
    case "complete":
      return event.data.summary;
    default:
      return String(event.id);
  }
}

/** Mistakes that the types find: where one isn't found, `tsc` complains. */
export async function mistakes(event: AnyEvent, status: StatusEvent): Promise<unknown[]> {
  // @ts-expect-error: not every event has content.
  const unnarrowed = event.data.content;
  // @ts-expect-error: a status has none.
  const wrong = status.data.content;
  // @ts-expect-error: there is no such answer.
  await ledger.codebase("x").answer("perm_1", "perhaps");
  return [unnarrowed, wrong];
}

const codeOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => "",
    (error: unknown) => (error instanceof LedgerApiError ? `${error.status} ${error.code}` : String(error)),
  );

seen.available = (await ledger.status()).available;
const codebase = await ledger.register(directory, "my-app", { agent_config: { auto_approve: false } });
const [model] = await ledger.models();
const metadata = { ticket: "J-1", nested: { list: [1, null, { deep: true }] } };
const started = await codebase.trigger("Refactor the database module to use async/await", { model: model?.id, metadata });

const events: [string, string][] = [];
for await (const event of codebase.events({ session: started.session_id })) {
  events.push([event.event, label(event)]);
  if (event.event === "permission" && event.data.action === "asked") {
    await codebase.message("Also add type hints");
    const [waiting] = (await codebase.permissions()).permissions;
    if (!waiting) throw new Error("Nothing waits.");
    await codebase.answer(waiting.id, "once");
  }
  if (event.event === "output" && event.data.content.includes("type hints")) await codebase.stop();
}
seen.events = events;

seen.sessions = (await codebase.sessions()).sessions.map((one) => [one.id === started.session_id, one.status]);
seen.roles = (await codebase.messages(started.session_id)).messages.map((one) => one.role);
const part = await codebase.messages(started.session_id, { limit: 2, offset: 1 });
seen.part = [part.total, part.messages.map((one) => one.role)];
const task = await ledger.task(started.task_id);
seen.task = [task.status, task.metadata];
seen.lines = (await codebase.export()).trimEnd().split("\n").length;
seen.changed = (await codebase.change({ description: "Another" })).description;
seen.codes = [
  await codeOf(ledger.codebase("cb_none").info()),
  await codeOf(codebase.interrupt()),
  await codeOf(codebase.trigger("")),
];
await codebase.delete();
seen.left = (await ledger.codebases()).length;

console.log(JSON.stringify(seen));
