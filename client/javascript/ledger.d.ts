// The client of an opencode-ledger service, for browsers and for Node 20 or later.

import type * as m from "./models.js";
export type * from "./models.js";

/** All errors of this module are of this class. */
export class LedgerClientError extends Error {}

/** The service could not be reached, or the connection broke. `sent`: a command may have been executed. */
export class LedgerUnreachable extends LedgerClientError {
  readonly sent: boolean;
}

/** Events are missing: after event `last` came event `got`, although the ids of this stream have no gaps. */
export class StreamHole extends LedgerClientError {
  readonly stream: string;
  readonly last: number;
  readonly got: number;
}

/** What came over an event stream is no event of this service. */
export class BadStream extends LedgerClientError {}

/** The service refused a request. `code`: a stable word. `retryAfter`: seconds after which it may be repeated. */
export class LedgerApiError extends LedgerClientError {
  readonly status: number;
  readonly code: string;
  readonly detail: string;
  readonly retryAfter: number | null;
}

export interface LedgerOptions {
  /** The address of the service. In Node the variable LEDGER_URL, else http://127.0.0.1:8000. */
  url?: string | URL;
  /** The token, or a function that gives the token of the moment. In Node the variable LEDGER_TOKEN. */
  token?: string | null | (() => string | null);
  /** Seconds without an answer after which a request counts as lost. */
  timeout?: number;
  /** Seconds that are spent on waiting before a request is given up, all in all. 0: nothing is repeated. */
  patience?: number;
  fetch?: typeof fetch;
}

export interface RequestOptions {
  signal?: AbortSignal;
  /** The idempotency key of a POST. Without it the request gets a new one. */
  key?: string;
}

export interface EventOptions {
  /** The id of the last event that the caller has. 0 is the whole history. */
  after?: number | null;
  /** Called with an event's id once the caller has taken the event, which it shows by asking for the next one. */
  cursor?: (id: number) => void | Promise<void>;
  /** Called with the reason when a connection is lost, and with null when there is one again. `pause`: until the next try, in milliseconds. */
  onTrouble?: (reason: LedgerApiError | LedgerUnreachable | null, pause?: number) => void;
  /** Seconds of waiting in vain that end the iteration with an error. Without it there is no limit. */
  patience?: number;
  /** Milliseconds without a byte after which a connection counts as dead. */
  silence?: number;
  /** Ends the iteration. */
  signal?: AbortSignal;
}

export interface Page {
  limit?: number;
  offset?: number;
}

export interface PermissionStatus {
  status?: "waiting" | "answered";
}

export interface At {
  /** The state after this event, or at this time. */
  at?: number | string;
}

export interface Work {
  model?: string;
  agent?: m.TriggerAgent["agent"];
  files?: string[];
  metadata?: Record<string, unknown>;
}

/** The events of a stream. It reconnects by itself, and ends where the service ends the stream. */
export class EventStream<E = m.AnyEvent> implements AsyncIterableIterator<E> {
  /** The id of the last event that was handed out, or after which the stream began. Null at first. */
  readonly position: number | null;
  next(): Promise<IteratorResult<E, undefined>>;
  return(): Promise<IteratorResult<E, undefined>>;
  [Symbol.asyncIterator](): this;
}

/** A client of one service. */
export class Ledger {
  constructor(options?: LedgerOptions);
  /** Any request that is answered with JSON. `path` begins after `/v1/opencode`. */
  request(method: string, path: string, body?: unknown, options?: RequestOptions): Promise<unknown>;
  /** Whether agents can run. */
  status(): Promise<m.ServiceStatus>;
  /** The models that agents can use. */
  models(): Promise<m.Model[]>;
  /** A codebase by its name or id. Nothing is asked of the service yet. */
  codebase(nameOrId: string): Codebase;
  /** All codebases, each with what its agent is doing. */
  codebases(): Promise<m.ListedCodebase[]>;
  /** Register the directory at `path`, which is absolute. */
  register(path: string, name: string, more?: { description?: string; agent_config?: m.AgentConfig }): Promise<Codebase>;
  /** Prompts, answers, commands and paths that have all these words, newest first. */
  search(words: string, options?: Page & { codebase?: string }): Promise<m.Found>;
  /** What each codebase is doing, and every change of that: always the latest state. */
  overview(options?: EventOptions): EventStream<m.OverviewEvent>;
  /** The requests of all codebases that wait for an answer, the nearest deadline first; or the answered ones. */
  permissions(options?: Page & PermissionStatus): Promise<m.AllPermissions>;
  /** The tasks of all codebases, newest first. */
  tasks(options?: Page & { status?: m.Task["status"] }): Promise<m.Tasks>;
  /** A task with its prompt and result. */
  task(id: string): Promise<m.Task>;
  /** Change a task that waits; the task after that. */
  changeTask(id: string, changes: m.ChangeTask): Promise<m.Task>;
  /** Queue a task that has ended once more, as a new task. */
  retry(id: string): Promise<m.TaskRetried>;
  /** Cancel a task. If it runs, its session is stopped. */
  cancel(id: string): Promise<m.Done>;
  /** The events of all codebases, in the log's order. Their data also name the codebase. */
  events(options?: EventOptions): EventStream;
  /** The signed note that fixes the log as it is now. */
  checkpoint(): Promise<string>;
  /** The key that checkpoints are signed with, as one line. */
  publicKey(): Promise<string>;
  /** The proof that the event at `position` is in the log of `size` events. */
  inclusionProof(position: number, size?: number): Promise<m.InclusionProof>;
  /** The proof that the log of `to` events begins with that of `from` events. */
  consistencyProof(from: number, to?: number): Promise<m.ConsistencyProof>;
}

/** A codebase of a service. */
export class Codebase {
  private constructor();
  /** As it was given. */
  readonly nameOrId: string;
  /** Its name, directory and configuration. */
  info(): Promise<m.Codebase>;
  /** Change what is given; the codebase after that. */
  change(changes: m.ChangeCodebase): Promise<m.Codebase>;
  /** Stop its agent and hide it. The log keeps its history. */
  delete(): Promise<m.Done>;
  /** Start an agent with a prompt. */
  trigger(prompt: string, options?: Work): Promise<m.Triggered>;
  /** Send a message to the session: it steers one that runs, and resumes one that is interrupted. */
  message(message: string, options?: Pick<Work, "model" | "agent">): Promise<m.Done>;
  /** Interrupt the session; a message resumes it. Answered when the agent has aborted. */
  interrupt(): Promise<m.Done>;
  /** End the session. Answered when none of its processes is left. */
  stop(): Promise<m.Done>;
  /** What its agent is doing, and its queue. */
  status(options?: At): Promise<m.AgentStatus>;
  /** The permission requests and questions that wait for an answer, or the answered ones. */
  permissions(options?: Page & PermissionStatus): Promise<m.Permissions>;
  /** Answer a request. `answers`: those to a question, a list for each part. */
  answer(
    id: string,
    reply: m.ReplyPermission["reply"],
    options?: { message?: string; answers?: string[][] },
  ): Promise<m.Done>;
  /** Its sessions, newest first. */
  sessions(options?: Page & At): Promise<m.Sessions>;
  /** The messages of a session, in their order. */
  messages(sessionId: string, options?: Page & At): Promise<m.Messages>;
  /** The files that a session changed, the last changed first. */
  changes(sessionId: string, options?: Page): Promise<m.ChangedFiles>;
  /** What a session changed in a file, as a unified diff. */
  diff(sessionId: string, path: string): Promise<string>;
  /** Import the sessions that were run with opencode itself. */
  sync(): Promise<m.Synced>;
  /** All that a tool printed. `id`: the `whole_id` of a `tool_result` event. */
  output(id: string): Promise<string>;
  /** Its tasks, newest first. In the order `queue`: those that wait, as they start. */
  tasks(options?: Page & At & { status?: m.Task["status"]; order?: "newest" | "queue" }): Promise<m.Tasks>;
  /** Add a task to the queue. A higher `priority` starts first. */
  addTask(title: string, prompt: string, options?: Work & { priority?: number }): Promise<m.TaskCreated>;
  /** Its events, or those of one session, as they come; recorded ones first. */
  events(options?: EventOptions & { session?: string | null }): EventStream;
  /** A page of its log, with the hash of each event. */
  log(options?: { after?: number; limit?: number }): Promise<m.LogPage>;
  /** The same page as its JSON text: hashes cover an event's data exactly as they are written there. */
  logText(options?: { after?: number; limit?: number }): Promise<string>;
  /** Its log with the proofs, as JSON Lines. */
  export(): Promise<string>;
  /** What its tools printed, as JSON Lines. `to`: up to this event of the codebase. */
  exportOutputs(options?: { to?: number }): Promise<string>;
}
