// The document's workflow with a client that is generated from the API's description.
// Usage: node workflow.js URL DIRECTORY. It prints what it saw as JSON; `tsc --strict` has to accept all of it.
import createClient from "openapi-fetch";
import { EventSourceParserStream } from "eventsource-parser/stream";
import type { components, paths } from "./api.js";

type Event = components["schemas"]["Event"];

declare const process: { argv: string[] };
const [, , baseUrl = "", directory = ""] = process.argv;
const api = createClient<paths>({ baseUrl });
const seen: Record<string, unknown> = {};

/** What an answer holds, where there must be one. */
function held<T>({ data, error }: { data?: T; error?: unknown }): T {
  if (data === undefined) throw new Error(JSON.stringify(error));
  return data;
}

/** What one event says, by its name alone: none of its members is a matter of guessing. */
function told(event: Event): string {
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
      return event.id;
  }
}

/** Mistakes that the types find: where one isn't found, `tsc` complains. */
export function mistakes(event: Event, status: components["schemas"]["StatusEvent"]): unknown[] {
  // @ts-expect-error: not every event has content.
  const unnarrowed = event.data.content;
  // @ts-expect-error: a status has none.
  const wrong = status.data.content;
  // @ts-expect-error: a prompt is required.
  const body: components["schemas"]["TriggerAgent"] = { agent: "build" };
  return [unnarrowed, wrong, body];
}

async function* eventsOf(codebase_id: string, session_id: string): AsyncGenerator<Event> {
  const answer = await api.GET("/v1/opencode/codebases/{codebase_id}/events", {
    params: { path: { codebase_id }, query: { session_id } },
    parseAs: "stream",
  });
  const frames = (held(answer) as ReadableStream<Uint8Array<ArrayBuffer>>)
    .pipeThrough(new TextDecoderStream())
    .pipeThrough(new EventSourceParserStream())
    .getReader();
  for (let frame = await frames.read(); !frame.done; frame = await frames.read()) {
    const { id, event, data } = frame.value;
    yield { id, event, data: JSON.parse(data) } as Event;
  }
}

// 1. Check the status. 2. Register a codebase. 3. List the models.
seen.available = held(await api.GET("/v1/opencode/status")).available;
const { codebase } = held(
  await api.POST("/v1/opencode/codebases", {
    body: { name: "my-app", path: directory, description: "My application", agent_config: { auto_approve: false } },
  }),
);
const models = held(await api.GET("/v1/opencode/models")).map((model) => model.id);
const at = { params: { path: { codebase_id: codebase.id } } };

// 4. Trigger an agent, with metadata of one's own.
const started = held(
  await api.POST("/v1/opencode/codebases/{codebase_id}/trigger", {
    ...at,
    body: {
      prompt: "Refactor the database module to use async/await",
      agent: "build",
      model: models[0],
      metadata: { ticket: "J-1", nested: { list: [1, null, { deep: true }] } },
    },
  }),
);

// 5. Watch events. 6. Send a follow-up message while the agent waits, then answer it. 7. Stop the agent.
const events: [string, string][] = [];
for await (const event of eventsOf(codebase.id, started.session_id)) {
  events.push([event.event, told(event)]);
  if (event.event === "permission" && event.data.action === "asked") {
    held(await api.POST("/v1/opencode/codebases/{codebase_id}/message", { ...at, body: { message: "Also add type hints" } }));
    const [waiting] = held(await api.GET("/v1/opencode/codebases/{codebase_id}/permissions", at)).permissions;
    if (!waiting) throw new Error("Nothing waits.");
    held(
      await api.POST("/v1/opencode/codebases/{codebase_id}/permissions/{permission_id}", {
        params: { path: { codebase_id: codebase.id, permission_id: waiting.id } },
        body: { reply: "once" },
      }),
    );
  }
  if (event.event === "output" && event.data.content.includes("type hints")) {
    held(await api.POST("/v1/opencode/codebases/{codebase_id}/stop", { ...at, body: {} }));
  }
}
seen.events = events;

// What is there afterwards: lists with their totals, a task with its metadata, the log in lines.
const sessions = held(await api.GET("/v1/opencode/codebases/{codebase_id}/sessions", at));
seen.sessions = sessions.sessions.map((session) => [session.id === started.session_id, session.status]);
const messagesOf = (part: { limit?: number; offset?: number }) =>
  api.GET("/v1/opencode/codebases/{codebase_id}/messages", {
    params: { path: { codebase_id: codebase.id }, query: { session_id: started.session_id, ...part } },
  });
const messages = held(await messagesOf({}));
seen.roles = messages.messages.map((message) => message.role);
seen.models = [...new Set(messages.messages.map((message) => message.model))];
const part = held(await messagesOf({ limit: 2, offset: 1 }));
seen.part = [part.total, part.messages.map((message) => message.role)];
const task = held(await api.GET("/v1/opencode/tasks/{task_id}", { params: { path: { task_id: started.task_id } } }));
seen.task = [task.status, task.metadata];
const evidence = await api.GET("/v1/opencode/codebases/{codebase_id}/log/export", { ...at, parseAs: "text" });
seen.lines = held(evidence).trimEnd().split("\n").length;

// Two errors: one that this address describes, and one that any address may answer.
const unknown = await api.GET("/v1/opencode/codebases/{codebase_id}", { params: { path: { codebase_id: "cb_none" } } });
const wrong = await api.POST("/v1/opencode/codebases/{codebase_id}/stop", { ...at, body: {}, headers: { "Content-Type": "text/plain" } });
seen.codes = [unknown.error?.code, wrong.error?.code];

console.log(JSON.stringify(seen));
