// What the service sends and takes, as types. Made by `python -m scripts.clients` from the API's description.
// A later service may send more members and events.

/** An event. `id`: its number in the stream. `raw`: its data as the log has them, byte for byte. */
export interface LedgerEvent<Name extends string, Data> {
  id: number;
  event: Name;
  data: Data;
  raw: string;
}

/**
 * Processes of the codebase's agent called the service itself, and were refused.
 *
 * `calls`: the first few different calls, each a method and a path. `times`: the number of calls since the last such
 * event. `program`: the name of the first process.
 */
export interface AccessRefusedData {
  action: "refused";
  calls: Array<string>;
  times?: number;
  program?: string;
  session_id?: string;
  task_id?: string;
  timestamp: string;
  correlation_id?: string;
  by?: string;
  via?: string;
}

/** An event named `access`. */
export type AccessEvent = LedgerEvent<"access", AccessRefusedData>;

/**
 * How to run the codebase's agent.
 *
 * `default_model`: the model of requests that name none. `auto_approve`: approve every permission request. `trusted`: run
 * the codebase's own opencode configuration and plugins.
 */
export interface AgentConfig {
  default_model?: string | null;
  auto_approve?: boolean;
  trusted?: boolean;
}

/** Changes of an agent's configuration. Null resets a member to its default. */
export interface AgentConfigChange {
  default_model?: string | null;
  auto_approve?: boolean | null;
  trusted?: boolean | null;
}

/**
 * How many tasks wait for a codebase's agent. `code` and `message` say why the first of them can't start yet.
 *
 * `next_try_at`: when the service next tries to start it, where that is known.
 */
export interface QueueStatus {
  pending: number;
  code: string | null;
  message: string | null;
  next_try_at: string | null;
}

/** What a codebase's agent is doing, and its queue. */
export interface AgentStatus {
  codebase_id: string;
  status: "idle" | "pending" | "running" | "interrupted";
  session_id: string | null;
  current_task: string | null;
  started_at: string | null;
  model: string | null;
  queue: QueueStatus;
}

/** The process runs. */
export interface Alive {
  status: "ok";
}

/** A codebase, by its id and its present name. */
export interface NamedCodebase {
  id: string;
  name: string;
}

/** A request of an agent, with the codebase that it belongs to. */
export interface CodebasePermission {
  id: string;
  kind: "permission" | "question";
  tool: string;
  args: Record<string, unknown>;
  patterns: Array<string>;
  always: Array<string>;
  session_id: string;
  task_id: string | null;
  asked_at: string;
  expires_at: string | null;
  reply: "once" | "always" | "reject" | null;
  decided_by: "user" | "auto_approve" | "timeout" | "interrupt" | "agent" | null;
  answered_at: string | null;
  answered_by: string | null;
  call_id?: string;
  subagent?: string;
  answered_via?: string;
  codebase: NamedCodebase;
}

/** Requests of all codebases that have one status. */
export interface AllPermissions {
  total: number;
  limit: number;
  offset: number;
  permissions: Array<CodebasePermission>;
}

/** The place directly ahead of another waiting task of the same codebase. */
export interface BeforeTask {
  before: string;
}

/** Changes of a codebase: at least one member. The directory can't be changed. */
export interface ChangeCodebase {
  name?: string | null;
  description?: string | null;
  agent_config?: AgentConfigChange | null;
}

/**
 * Changes of a waiting task: at least one member.
 *
 * - `position` alone: the task gets exactly this place, and its priority changes as far as that needs.
 * - `priority` alone: the task goes behind those that have this priority.
 * - Both: the task gets this place among the tasks of this priority.
 */
export interface ChangeTask {
  title?: string | null;
  prompt?: string | null;
  priority?: number | null;
  position?: "first" | "last" | BeforeTask | null;
}

/** The last session that this service started. `prompt`: its first line, at most 200 characters. */
export interface LastSession {
  id: string;
  prompt: string;
  status: "pending" | "running" | "interrupted" | "completed" | "failed" | "stopped";
  started_at: string | null;
}

/** Tokens of all sessions of the codebase. */
export interface OverviewTokens {
  input: number;
  output: number;
}

/**
 * What a codebase is doing.
 *
 * - `state`: `running`; `needs_you`: the agent runs and waits for answers; `waiting_for_slot`: work waits for a free agent
 *   slot; `interrupted`; `failed`: the last session failed, or the next task can't start; `idle`.
 * - `since`: when that began. `reason`: why it failed or was interrupted.
 * - `says`: the last line of the agent's text in its last session, at most 200 characters.
 * - `queued`: tasks that wait. `waiting`: permission requests and questions that wait for an answer.
 * - `tokens`, `cost`: of all sessions that this service started, in US dollars. `cost_today`: since midnight UTC.
 */
export interface Overview {
  state: "running" | "needs_you" | "waiting_for_slot" | "interrupted" | "failed" | "idle";
  since: string;
  reason: string | null;
  says: string | null;
  queued: number;
  waiting: number;
  session: LastSession | null;
  tokens: OverviewTokens;
  cost: number;
  cost_today: number;
}

/** A codebase with its agent's configuration and its overview. */
export interface Codebase {
  id: string;
  name: string;
  path: string;
  description: string;
  created_at: string;
  worker_id: string | null;
  registered_by: string | null;
  overview: Overview;
  agent_config: Record<string, unknown>;
  last_activity: string | null;
}

/** A codebase after a change. */
export interface Changed {
  success: true;
  codebase: Codebase;
}

/**
 * A file that a session changed. `action`: what became of it in the session as a whole.
 *
 * - `additions`, `deletions`: lines, as far as the file was compared.
 * - `diff_recorded`: whether its newest difference is on record. If not, `reason` says why: opencode compared nothing
 *   (`not_compared`: there is no git repository, the file is too large for it, or the run was cut short), the file has no
 *   lines (`binary_or_empty`), or the difference is `too_large`.
 * - `path_encoding`: present for a name that is not UTF-8; percent-decoded, `path` then gives the name's bytes.
 */
export interface ChangedFile {
  path: string;
  action: "create" | "modify" | "delete";
  additions: number;
  deletions: number;
  diff_recorded: boolean;
  reason?: "not_compared" | "binary_or_empty" | "too_large";
  path_encoding?: "percent";
}

/** The files that a session changed, the last changed first. */
export interface ChangedFiles {
  total: number;
  limit: number;
  offset: number;
  files: Array<ChangedFile>;
}

/** A codebase was changed; only changed members are present. `agent_config`: the whole new configuration. */
export interface CodebaseChangedData {
  action: "changed";
  codebase_id: string;
  name?: string;
  description?: string;
  agent_config?: Record<string, unknown>;
  session_id?: string;
  task_id?: string;
  timestamp: string;
  correlation_id?: string;
  by?: string;
  via?: string;
}

/** The codebase is hidden from now on; its history stays in the log. */
export interface CodebaseDeletedData {
  action: "deleted";
  codebase_id: string;
  session_id?: string;
  task_id?: string;
  timestamp: string;
  correlation_id?: string;
  by?: string;
  via?: string;
}

/** Deletion was requested; the agent is being stopped first. */
export interface CodebaseDeletingData {
  action: "deleting";
  codebase_id: string;
  session_id?: string;
  task_id?: string;
  timestamp: string;
  correlation_id?: string;
  by?: string;
  via?: string;
}

/** A directory was registered; always the first event of its stream. `path`: the real path. */
export interface CodebaseRegisteredData {
  action: "registered";
  codebase_id: string;
  name: string;
  path: string;
  description?: string;
  worker_id?: string;
  agent_config?: Record<string, unknown>;
  session_id?: string;
  task_id?: string;
  timestamp: string;
  correlation_id?: string;
  by?: string;
  via?: string;
}

/** An event named `codebase`. */
export type CodebaseEvent = LedgerEvent<"codebase", CodebaseRegisteredData | CodebaseChangedData | CodebaseDeletingData | CodebaseDeletedData>;

/** The overview of a codebase, or null if it was deleted. */
export interface CodebaseOverview {
  codebase: NamedCodebase;
  overview: Overview | null;
}

/** A codebase of the list, with its overview. `registered_by`: null in logs from before 0.2. */
export interface ListedCodebase {
  id: string;
  name: string;
  path: string;
  description: string;
  created_at: string;
  worker_id: string | null;
  registered_by: string | null;
  overview: Overview;
}

/** All codebases. */
export type Codebases = Array<ListedCodebase>;

/**
 * The session's last event: `completed`, `failed` or `stopped`.
 *
 * `finish`: why the model's last answer is truncated: `length` (the model's limit) or `content-filter` (the provider's).
 */
export interface CompleteData {
  status: "completed" | "failed" | "stopped";
  summary: string;
  finish?: string;
  session_id?: string;
  task_id?: string;
  timestamp: string;
  correlation_id?: string;
  by?: string;
  via?: string;
}

/** An event named `complete`. */
export type CompleteEvent = LedgerEvent<"complete", CompleteData>;

/** A proof that the log of `to` events begins with the log of `from` events, as in RFC 6962. */
export interface ConsistencyProof {
  from: number;
  to: number;
  from_root_hash: string;
  to_root_hash: string;
  hashes: Array<string>;
}

/** A task as it was created. */
export interface CreatedTask {
  id: string;
  codebase_id: string;
  title: string;
  status: "pending" | "running" | "interrupted" | "completed" | "failed" | "cancelled";
  priority: number;
  created_at: string;
}

/** The command was executed. */
export interface Done {
  success: true;
  message: string;
}

/**
 * Earlier events lost their content permanently; tombstones replace them.
 *
 * `erased_by`: the name that the person gave. `tombstones`: the position of each erased event, with the SHA-256 of the
 * bytes that are left of it. This event is never erased itself.
 */
export interface ErasureData {
  reason: string;
  erased_by: string;
  tombstones: Record<string, string>;
  session_id?: string;
  task_id?: string;
  timestamp: string;
  correlation_id?: string;
  by?: string;
  via?: string;
}

/** An event named `erasure`. */
export type ErasureEvent = LedgerEvent<"erasure", ErasureData>;

/** Something failed. Another event follows: `complete`, or `session` with the action `interrupted`. */
export interface ErrorData {
  error: string;
  code: string;
  session_id?: string;
  task_id?: string;
  timestamp: string;
  correlation_id?: string;
  by?: string;
  via?: string;
}

/** An event named `error`. */
export type ErrorEvent = LedgerEvent<"error", ErrorData>;

/**
 * The agent waits for permission to use a tool, or for answers to the `questions` in `args`.
 *
 * `kind`: absent in old logs, before there were questions. `expires_at`: when it is rejected if nobody answers.
 * `always`: what `always` would permit, where the agent's program says so; it may be more than the `patterns` asked for.
 */
export interface PermissionAskedData {
  action: "asked";
  permission_id: string;
  kind?: "permission" | "question";
  tool: string;
  args: Record<string, unknown>;
  patterns?: Array<string>;
  always?: Array<string>;
  call_id?: string;
  agent_permission_id: string;
  subagent?: string;
  expires_at?: string;
  session_id?: string;
  task_id?: string;
  timestamp: string;
  correlation_id?: string;
  by?: string;
  via?: string;
}

/** An answer is on its way to the agent. A `permission` event with the action `replied` records its result. */
export interface PermissionAnsweringData {
  action: "answering";
  permission_id: string;
  reply: "once" | "always" | "reject";
  decided_by: "user" | "auto_approve" | "timeout" | "interrupt" | "agent";
  message?: string;
  answers?: Array<Array<string>>;
  session_id?: string;
  task_id?: string;
  timestamp: string;
  correlation_id?: string;
  by?: string;
  via?: string;
}

/**
 * A permission or question is settled: approved, rejected or answered, and by whom.
 *
 * If a `permission` event with the action `answering` came before and `decided_by` is the same, the agent took that
 * answer. In old logs without that event, this one was recorded before the answer was sent to the agent.
 */
export interface PermissionRepliedData {
  action: "replied";
  permission_id: string;
  reply: "once" | "always" | "reject";
  decided_by: "user" | "auto_approve" | "timeout" | "interrupt" | "agent";
  message?: string;
  answers?: Array<Array<string>>;
  session_id?: string;
  task_id?: string;
  timestamp: string;
  correlation_id?: string;
  by?: string;
  via?: string;
}

/** An event named `permission`. */
export type PermissionEvent = LedgerEvent<"permission", PermissionAskedData | PermissionAnsweringData | PermissionRepliedData>;

/**
 * A request with an idempotency key was carried out; this is its response.
 *
 * `fingerprint`: the SHA-256 of the request's content, in hexadecimal. `status`: the HTTP status of the response.
 */
export interface RequestAnsweredData {
  action: "answered";
  key: string;
  fingerprint: string;
  status?: number;
  answer: Record<string, unknown>;
  session_id?: string;
  task_id?: string;
  timestamp: string;
  correlation_id?: string;
  by?: string;
  via?: string;
}

/** An event named `request`. */
export type RequestEvent = LedgerEvent<"request", RequestAnsweredData>;

/** A user's message to the agent: the prompt of a trigger, or a follow-up. */
export interface MessageSentData {
  message_id: string;
  role?: string;
  content: string;
  agent: string;
  model?: string;
  session_id?: string;
  task_id?: string;
  timestamp: string;
  correlation_id?: string;
  by?: string;
  via?: string;
}

/** An event named `message_sent`. */
export type MessageSentEvent = LedgerEvent<"message_sent", MessageSentData>;

/**
 * This message is being sent to the agent now. It is never sent again, even if the agent ends meanwhile.
 *
 * `agent_message_id`: the agent's own id for it.
 */
export interface MessageDeliveredData {
  message_id: string;
  agent_message_id?: string;
  session_id?: string;
  task_id?: string;
  timestamp: string;
  correlation_id?: string;
  by?: string;
  via?: string;
}

/** An event named `message_delivered`. */
export type MessageDeliveredEvent = LedgerEvent<"message_delivered", MessageDeliveredData>;

/**
 * The agent's status for people, with a sentence. `pending`: it waits for a slot.
 *
 * `attempt`: the number of a retry, from 1. `about`: `files` where the sentence says which file changes are not listed.
 */
export interface StatusData {
  status: "idle" | "pending" | "running" | "interrupted";
  message: string;
  attempt?: number;
  about?: "files";
  session_id?: string;
  task_id?: string;
  timestamp: string;
  correlation_id?: string;
  by?: string;
  via?: string;
}

/** An event named `status`. */
export type StatusEvent = LedgerEvent<"status", StatusData>;

/**
 * A piece of the agent's text; the pieces of a `part_id` are joined in order.
 *
 * `replaces`: this piece replaces all earlier pieces of its part, since the agent took them back.
 */
export interface OutputData {
  type: "text" | "reasoning";
  content: string;
  message_id: string;
  part_id: string;
  replaces?: boolean;
  subagent?: string;
  session_id?: string;
  task_id?: string;
  timestamp: string;
  correlation_id?: string;
  by?: string;
  via?: string;
}

/** An event named `output`. */
export type OutputEvent = LedgerEvent<"output", OutputData>;

/** The agent began a tool call. `subagent`: the agent's session of the subagent that called it, if one did. */
export interface ToolUseData {
  tool: string;
  args: Record<string, unknown>;
  call_id: string;
  message_id?: string;
  subagent?: string;
  session_id?: string;
  task_id?: string;
  timestamp: string;
  correlation_id?: string;
  by?: string;
  via?: string;
}

/** An event named `tool_use`. */
export type ToolUseEvent = LedgerEvent<"tool_use", ToolUseData>;

/**
 * A tool call ended: `completed` or `error`. `output`: what the agent's model got, or the error.
 *
 * `exit_code`: of a command that ended by itself; a `completed` call may have any.
 *
 * Where the tool printed more than that, these members describe the whole output, all of the masked text:
 *
 * - `whole_id`: its id, under which it is kept beside the log.
 * - `whole_bytes`: its size in UTF-8.
 * - `whole_sha256`: the hash of a salt and the text; the salt is kept and erased with the text.
 * - `whole_kept`, `whole_kept_sha256`: the same of the kept part, where not all is kept.
 * - `whole_missing`: why not all is kept.
 */
export interface ToolResultData {
  tool: string;
  call_id: string;
  status: "completed" | "error";
  output?: string;
  title?: string;
  subagent?: string;
  exit_code?: number;
  whole_id?: string;
  whole_bytes?: number;
  whole_sha256?: string;
  whole_kept?: number;
  whole_kept_sha256?: string;
  whole_missing?: "too_large" | "gone" | "refused" | "changed" | "unreadable" | "not_kept" | "off";
  session_id?: string;
  task_id?: string;
  timestamp: string;
  correlation_id?: string;
  by?: string;
  via?: string;
}

/** An event named `tool_result`. */
export type ToolResultEvent = LedgerEvent<"tool_result", ToolResultData>;

/**
 * A file changed. `path`: relative to the codebase, or absolute for a file elsewhere that a tool wrote.
 *
 * `path_encoding`: present for a name that is not UTF-8; percent-decoded, `path` then gives the name's bytes.
 */
export interface FileChangeData {
  action: "create" | "modify" | "delete";
  path: string;
  path_encoding?: "percent";
  session_id?: string;
  task_id?: string;
  timestamp: string;
  correlation_id?: string;
  by?: string;
  via?: string;
}

/** An event named `file_change`. */
export type FileChangeEvent = LedgerEvent<"file_change", FileChangeData>;

/**
 * What a prompt's work did to a file, as the agent's program compared it afterwards: also what shells changed.
 *
 * - `additions`, `deletions`: lines. `diff`: the unified difference.
 * - `diff_missing`: why there is no `diff`: the file has no lines (`binary_or_empty`), or the difference is `too_large`.
 */
export interface FileDiffData {
  action: "create" | "modify" | "delete";
  path: string;
  additions?: number;
  deletions?: number;
  diff?: string;
  diff_missing?: "binary_or_empty" | "too_large";
  session_id?: string;
  task_id?: string;
  timestamp: string;
  correlation_id?: string;
  by?: string;
  via?: string;
}

/** An event named `file_diff`. */
export type FileDiffEvent = LedgerEvent<"file_diff", FileDiffData>;

/** The cost of one step of the model: tokens by kind, and US dollars as the agent computes them. */
export interface UsageData {
  tokens: Record<string, number>;
  cost: number;
  subagent?: string;
  session_id?: string;
  task_id?: string;
  timestamp: string;
  correlation_id?: string;
  by?: string;
  via?: string;
}

/** An event named `usage`. */
export type UsageEvent = LedgerEvent<"usage", UsageData>;

/**
 * Other tokens are valid from now on. Their secrets are not on record.
 *
 * `added`, `changed`: what each token allows, by its name. `removed`: names that are no longer valid. The event says
 * nothing of who edited the file: the service can't know.
 */
export interface TokensChangedData {
  action: "tokens_changed";
  added?: Record<string, string>;
  changed?: Record<string, string>;
  removed?: Array<string>;
  session_id?: string;
  task_id?: string;
  timestamp: string;
  correlation_id?: string;
  by?: string;
  via?: string;
}

/** Somebody began to read the log. `codebase`: the only one that was read; absent for the whole log. */
export interface LogReadData {
  action: "log_read";
  read: "export" | "outputs" | "stream";
  codebase?: string;
  session_id?: string;
  task_id?: string;
  timestamp: string;
  correlation_id?: string;
  by?: string;
  via?: string;
}

/** An event named `service`. */
export type ServiceEvent = LedgerEvent<"service", TokensChangedData | LogReadData>;

/**
 * A trigger was accepted. `waiting`: no slot among the running agents is free.
 *
 * `model`: absent if the agent chooses. `status`: `pending` where it waits; up to 0.1.0a1 it was `running` even then.
 */
export interface SessionStartedData {
  action: "started";
  status?: string;
  prompt: string;
  agent: string;
  model?: string;
  files?: Array<string>;
  metadata?: Record<string, unknown>;
  waiting?: boolean;
  session_id?: string;
  task_id?: string;
  timestamp: string;
  correlation_id?: string;
  by?: string;
  via?: string;
}

/** A slot is free: a waiting session now runs. */
export interface SessionAdmittedData {
  action: "admitted";
  status?: string;
  session_id?: string;
  task_id?: string;
  timestamp: string;
  correlation_id?: string;
  by?: string;
  via?: string;
}

/** The agent opened its own session for ours. `model`: the model that it will use. */
export interface SessionLinkedData {
  action: "linked";
  agent_session_id: string;
  model?: string;
  session_id?: string;
  task_id?: string;
  timestamp: string;
  correlation_id?: string;
  by?: string;
  via?: string;
}

/** A message resumed an interrupted session. `waiting` and `status`: as in the action `started`. */
export interface SessionResumedData {
  action: "resumed";
  status?: string;
  waiting?: boolean;
  session_id?: string;
  task_id?: string;
  timestamp: string;
  correlation_id?: string;
  by?: string;
  via?: string;
}

/** An interrupt was accepted; the agent has not aborted yet. */
export interface SessionInterruptingData {
  action: "interrupting";
  status?: string;
  reason?: "requested" | "server_stopped" | "server_restarted" | "agent_crashed";
  session_id?: string;
  task_id?: string;
  timestamp: string;
  correlation_id?: string;
  by?: string;
  via?: string;
}

/** The agent has aborted; a message resumes the session. */
export interface SessionInterruptedData {
  action: "interrupted";
  status?: string;
  reason?: "requested" | "server_stopped" | "server_restarted" | "agent_crashed";
  session_id?: string;
  task_id?: string;
  timestamp: string;
  correlation_id?: string;
  by?: string;
  via?: string;
}

/** A stop was accepted; the agent's processes are being ended. `status`: the session's status until they are gone. */
export interface SessionStoppingData {
  action: "stopping";
  status?: string;
  session_id?: string;
  task_id?: string;
  timestamp: string;
  correlation_id?: string;
  by?: string;
  via?: string;
}

/** The session ended by request; no process of it is left. */
export interface SessionStoppedData {
  action: "stopped";
  status?: string;
  session_id?: string;
  task_id?: string;
  timestamp: string;
  correlation_id?: string;
  by?: string;
  via?: string;
}

/** The agent finished its work. `finish`: why its last answer is truncated, as in the event `complete`. */
export interface SessionCompletedData {
  action: "completed";
  status?: string;
  finish?: string;
  session_id?: string;
  task_id?: string;
  timestamp: string;
  correlation_id?: string;
  by?: string;
  via?: string;
}

/** The agent could not finish; the `error` event before it has the reason. */
export interface SessionFailedData {
  action: "failed";
  status?: string;
  session_id?: string;
  task_id?: string;
  timestamp: string;
  correlation_id?: string;
  by?: string;
  via?: string;
}

/**
 * An external session was imported, or more of it, or a newer state of it; its messages follow.
 *
 * - `started_at`, `ended_at`: when it began and was last changed. `ended_at` is absent while it seems to be `running`
 *   elsewhere.
 * - `digests`: by the agent's ids, of the messages and of the session itself as they are recorded now.
 * - `revision`: present once everything up to this revision is recorded.
 * - `left_out`: the number of its messages so far that can't be recorded: too large, with an invalid id, or another
 *   session's.
 */
export interface SessionImportedData {
  action: "imported";
  status: "completed" | "failed" | "stopped" | "running";
  agent_session_id: string;
  parent_id?: string;
  title: string;
  prompt: string;
  agent: string;
  model?: string;
  started_at: string;
  ended_at?: string;
  digests: Record<string, string>;
  revision?: string;
  left_out?: number;
  imported?: boolean;
  session_id?: string;
  task_id?: string;
  timestamp: string;
  correlation_id?: string;
  by?: string;
  via?: string;
}

/** External messages in a session of this service were imported; they follow. Members as in the action `imported`. */
export interface SessionExtendedData {
  action: "extended";
  agent_session_id: string;
  digests: Record<string, string>;
  revision?: string;
  left_out?: number;
  imported?: boolean;
  session_id?: string;
  task_id?: string;
  timestamp: string;
  correlation_id?: string;
  by?: string;
  via?: string;
}

/** An event named `session`. */
export type SessionEvent = LedgerEvent<"session", SessionStartedData | SessionAdmittedData | SessionLinkedData | SessionResumedData | SessionInterruptingData | SessionInterruptedData | SessionStoppingData | SessionStoppedData | SessionCompletedData | SessionFailedData | SessionImportedData | SessionExtendedData>;

/**
 * A task was created: by a trigger, which starts it at once, or for the queue.
 *
 * `retry_of`: the ended task that it repeats, where it repeats one.
 */
export interface TaskCreatedData {
  action: "created";
  status?: string;
  title: string;
  prompt: string;
  agent_type: string;
  model?: string;
  priority?: number;
  files?: Array<string>;
  metadata?: Record<string, unknown>;
  retry_of?: string;
  session_id?: string;
  task_id?: string;
  timestamp: string;
  correlation_id?: string;
  by?: string;
  via?: string;
}

/** A waiting task got another title or prompt. Members that didn't change are absent. */
export interface TaskChangedData {
  action: "changed";
  status?: string;
  title?: string;
  prompt?: string;
  session_id?: string;
  task_id?: string;
  timestamp: string;
  correlation_id?: string;
  by?: string;
  via?: string;
}

/**
 * A waiting task got another place in the queue.
 *
 * `before`: the task of the same priority that it is directly ahead of; absent where it is the last of its priority.
 */
export interface TaskMovedData {
  action: "moved";
  status?: string;
  priority: number;
  before?: string;
  session_id?: string;
  task_id?: string;
  timestamp: string;
  correlation_id?: string;
  by?: string;
  via?: string;
}

/**
 * The next task can't start yet, and waits. `code`: a stable code for the reason. `message`: a sentence.
 *
 * Recorded once for each reason, however often the task is tried.
 */
export interface TaskHeldData {
  action: "held";
  status?: string;
  code: string;
  message: string;
  session_id?: string;
  task_id?: string;
  timestamp: string;
  correlation_id?: string;
  by?: string;
  via?: string;
}

/** The task's session is the one in `session_id`. */
export interface TaskStartedData {
  action: "started";
  status?: string;
  session_id?: string;
  task_id?: string;
  timestamp: string;
  correlation_id?: string;
  by?: string;
  via?: string;
}

/**
 * The task's session was interrupted, and the task with it; a message resumes both.
 *
 * `error`, `code`: the reason, as in the `error` event before it, where no person asked for the interruption.
 */
export interface TaskInterruptedData {
  action: "interrupted";
  status?: string;
  reason?: "requested" | "server_stopped" | "server_restarted" | "agent_crashed";
  error?: string;
  code?: string;
  session_id?: string;
  task_id?: string;
  timestamp: string;
  correlation_id?: string;
  by?: string;
  via?: string;
}

/** The task resumes with its session, or (`pending`) will when a slot is free. */
export interface TaskResumedData {
  action: "resumed";
  status?: "running" | "pending";
  session_id?: string;
  task_id?: string;
  timestamp: string;
  correlation_id?: string;
  by?: string;
  via?: string;
}

/** The task is done. `result`: the agent's last words. */
export interface TaskCompletedData {
  action: "completed";
  status?: string;
  result: string;
  session_id?: string;
  task_id?: string;
  timestamp: string;
  correlation_id?: string;
  by?: string;
  via?: string;
}

/** The task failed. `error`: the reason in one sentence. `code`: a stable code for it. */
export interface TaskFailedData {
  action: "failed";
  status?: string;
  error: string;
  code: string;
  session_id?: string;
  task_id?: string;
  timestamp: string;
  correlation_id?: string;
  by?: string;
  via?: string;
}

/** The task was ended by request before it was done. */
export interface TaskCancelledData {
  action: "cancelled";
  status?: string;
  session_id?: string;
  task_id?: string;
  timestamp: string;
  correlation_id?: string;
  by?: string;
  via?: string;
}

/** An event named `task`. */
export type TaskEvent = LedgerEvent<"task", TaskCreatedData | TaskChangedData | TaskMovedData | TaskHeldData | TaskStartedData | TaskInterruptedData | TaskResumedData | TaskCompletedData | TaskFailedData | TaskCancelledData>;

/**
 * An imported message, in its state when it was read; a later event with the same id has its newer state.
 *
 * `tools`: its calls, each with `tool`, `args`, `call_id`, `status` and `output`.
 */
export interface MessageImportedData {
  message_id: string;
  role: "user" | "assistant";
  content: string;
  reasoning?: string;
  tools?: Array<Record<string, unknown>>;
  created_at: string;
  agent?: string;
  model?: string;
  tokens?: Record<string, number>;
  cost?: number;
  error?: string;
  imported?: boolean;
  session_id?: string;
  task_id?: string;
  timestamp: string;
  correlation_id?: string;
  by?: string;
  via?: string;
}

/** An event named `message_imported`. */
export type MessageImportedEvent = LedgerEvent<"message_imported", MessageImportedData>;

/**
 * The whole output of a tool call in an imported message, which has only a part of it.
 *
 * It follows the `message_imported` event. `message_id`, `call_id`: which call. The other members are those of a
 * `tool_result`.
 */
export interface OutputImportedData {
  message_id: string;
  tool: string;
  call_id: string;
  whole_id?: string;
  whole_bytes?: number;
  whole_sha256?: string;
  whole_kept?: number;
  whole_kept_sha256?: string;
  whole_missing?: "too_large" | "gone" | "refused" | "changed" | "unreadable" | "not_kept" | "off";
  imported?: boolean;
  session_id?: string;
  task_id?: string;
  timestamp: string;
  correlation_id?: string;
  by?: string;
  via?: string;
}

/** An event named `output_imported`. */
export type OutputImportedEvent = LedgerEvent<"output_imported", OutputImportedData>;

/** An event of a stream: its `id`, its name as `event`, and its `data`, parsed as JSON. */
export type AnyEvent = CodebaseEvent | ErasureEvent | PermissionEvent | AccessEvent | RequestEvent | MessageSentEvent | MessageDeliveredEvent | StatusEvent | OutputEvent | ToolUseEvent | ToolResultEvent | FileChangeEvent | FileDiffEvent | UsageEvent | CompleteEvent | ErrorEvent | ServiceEvent | SessionEvent | TaskEvent | MessageImportedEvent | OutputImportedEvent;

/**
 * A text that was found. `sequence`: its event in the codebase's stream, or its first one.
 *
 * - `session_id` is null for the prompt of a task that has no session.
 * - `excerpt`: the words around what was found first, as plain text, with `…` where something is left out. It has at most
 *   300 characters.
 * - `marks`: what was found, as pairs of the first character in the excerpt and the one behind it. They count Unicode
 *   characters (code points). There are none where a long text would take too long to look through.
 */
export interface FoundText {
  codebase: NamedCodebase;
  session_id: string | null;
  task_id: string | null;
  kind: "prompt" | "answer" | "command" | "path";
  sequence: number;
  at: string;
  excerpt: string;
  marks: Array<Array<number>>;
}

/** Texts with all words of the query, newest first. */
export interface Found {
  total: number;
  limit: number;
  offset: number;
  results: Array<FoundText>;
}

/** Why a task can't start now: a stable code, and a sentence that says what to do. */
export interface Held {
  code: string;
  message: string;
}

/** A proof that the event at `position` is in the log of `size` events, as in RFC 6962. */
export interface InclusionProof {
  position: number;
  size: number;
  leaf_hash: string;
  root_hash: string;
  hashes: Array<string>;
}

/**
 * A task of a list. Members without a value are omitted.
 *
 * `reason`: a stable code for why it is interrupted or can't start now. `retry_of`: the task that it repeats. `place`: its
 * place in the queue of its codebase, where 1 is the next to start. `by`, `via`: who created it.
 */
export interface ListedTask {
  id: string;
  codebase_id: string;
  title: string;
  status: "pending" | "running" | "interrupted" | "completed" | "failed" | "cancelled";
  priority: number;
  created_at: string;
  agent_type: string;
  session_id?: string;
  started_at?: string;
  completed_at?: string;
  reason?: string;
  retry_of?: string;
  place?: number;
  by?: string;
  via?: string;
}

/** An event of the log. `data`: the data of an `Event` named `type`. `hash`: the hash of its leaf in the log's tree, in hex. */
export interface LoggedEvent {
  sequence: number;
  position: number;
  type: string;
  data: unknown;
  hash: string;
}

/** A page of a codebase's log. `next`: the `after` of the next page; null at the end. */
export interface LogPage {
  events: Array<LoggedEvent>;
  head: number;
  next: number | null;
}

/**
 * A tool's whole output, if it is longer than what the agent's model was given.
 *
 * `address`: where to read it. `bytes`: its length. `kept`: how many of its bytes were recorded. `missing`: why not all.
 */
export interface WholeOutput {
  address?: string;
  bytes?: number;
  kept: number;
  missing?: "too_large" | "gone" | "refused" | "changed" | "unreadable" | "not_kept" | "off";
}

/** A tool call of the agent. `output`: what the agent's model was given. */
export interface ToolCall {
  tool: string;
  args: Record<string, unknown>;
  call_id: string;
  status: "running" | "completed" | "error";
  output: string | null;
  whole_output?: WholeOutput;
}

/**
 * A user's message, or one step of the agent. `model`: its author or recipient; omitted if unknown.
 *
 * `by`, `via`: who sent it, of a user's message.
 */
export interface Message {
  id: string;
  role: "user" | "assistant";
  content: string;
  timestamp: string;
  model?: string;
  reasoning?: string;
  tools?: Array<ToolCall>;
  error?: string;
  imported?: boolean;
  by?: string;
  via?: string;
}

/** Messages of a session in the order in which they began. `limit` is null if it was omitted. */
export interface Messages {
  messages: Array<Message>;
  total: number;
  limit: number | null;
  offset: number;
}

/** A model that agents can use. */
export interface Model {
  id: string;
  name: string;
  provider: string;
}

/** All models. */
export type Models = Array<Model>;

/** A task for the queue. A higher `priority` starts first. */
export interface NewTask {
  title: string;
  prompt: string;
  agent_type?: "build" | "plan" | "explore" | "general";
  model?: string | null;
  priority?: number;
  files?: Array<string>;
  metadata?: Record<string, unknown>;
}

/** An empty body. */
export interface NoBody {
}

/** An event of the stream of overviews: its `id`, its name as `event`, and its `data`, parsed as JSON. */
export type OverviewEvent = LedgerEvent<"overview", CodebaseOverview>;

/**
 * A request of an agent: permission to use a tool, or answers to the `questions` in `args`.
 *
 * `patterns`: what it asks for. `always`: what `always` would permit; it may be more.
 * `reply`, `decided_by`, `answered_at` and `answered_by` are null while it waits. `answered_by` is also null where a log from
 * before 0.2 doesn't say who it was, and where it was no person. `answered_via`: who vouches for that name. The `args` and
 * `patterns` of an answered one are empty; the log has them.
 */
export interface Permission {
  id: string;
  kind: "permission" | "question";
  tool: string;
  args: Record<string, unknown>;
  patterns: Array<string>;
  always: Array<string>;
  session_id: string;
  task_id: string | null;
  asked_at: string;
  expires_at: string | null;
  reply: "once" | "always" | "reject" | null;
  decided_by: "user" | "auto_approve" | "timeout" | "interrupt" | "agent" | null;
  answered_at: string | null;
  answered_by: string | null;
  call_id?: string;
  subagent?: string;
  answered_via?: string;
}

/** Requests of one status, newest first. */
export interface Permissions {
  total: number;
  limit: number;
  offset: number;
  permissions: Array<Permission>;
}

/** An error: a sentence for people and a stable code for programs. */
export interface Problem {
  detail: string;
  code: string;
}

/**
 * Whether the service is ready.
 *
 * `position`: the end of the log. `opencode`, `log` and `views`: `ok`, or what is wrong with them.
 */
export interface Ready {
  status: "ok" | "degraded";
  position: number;
  opencode: string;
  log: string;
  views: string;
}

/** A directory to register. */
export interface RegisterCodebase {
  name: string;
  path: string;
  description?: string | null;
  agent_config?: AgentConfig | null;
  worker_id?: string | null;
}

/** A codebase as it was registered. */
export interface RegisteredCodebase {
  id: string;
  name: string;
  path: string;
  description: string;
  created_at: string;
}

/** A directory was registered. */
export interface Registered {
  success: true;
  codebase: RegisteredCodebase;
}

/**
 * The answer to a permission request or a question. `message`: the reason for a `reject`, sent to the agent.
 *
 * `answers`, for a question: one list for each of `args.questions`, with the labels of the chosen options or with other
 * text. An empty list leaves that question unanswered.
 */
export interface ReplyPermission {
  reply: "once" | "always" | "reject";
  message?: string | null;
  answers?: Array<Array<string>> | null;
}

/** A new task that repeats an ended one. */
export interface RetriedTask {
  id: string;
  codebase_id: string;
  title: string;
  status: "pending" | "running" | "interrupted" | "completed" | "failed" | "cancelled";
  priority: number;
  created_at: string;
  retry_of: string;
}

/** A message for a running or interrupted session. */
export interface SendMessage {
  message: string;
  agent?: "build" | "plan" | "explore" | "general" | null;
  model?: string | null;
}

/** Whether agents can run on this server. */
export interface ServiceStatus {
  available: boolean;
  message: string;
  opencode_binary: string;
  registered_codebases: number;
  auto_start: boolean;
}

/**
 * A session. `tokens` are counted by kind, `cost` is in US dollars. `imported`: it was run with opencode itself.
 *
 * `started_at`: when its work began; null while it waits for a free agent slot. `reason`: why it is interrupted, or why
 * the model's last answer was truncated (`length`, `content-filter`). `by`, `via`: who started it.
 */
export interface Session {
  id: string;
  codebase_id: string;
  started_at: string | null;
  ended_at: string | null;
  status: "pending" | "running" | "interrupted" | "completed" | "failed" | "stopped";
  model: string | null;
  prompt: string;
  messages_count: number;
  agent: string;
  task_id: string | null;
  tokens: Record<string, number>;
  cost: number;
  imported?: boolean;
  title?: string;
  reason?: string;
  parent_id?: string;
  by?: string;
  via?: string;
}

/** Sessions, newest first. */
export interface Sessions {
  total: number;
  limit: number;
  offset: number;
  sessions: Array<Session>;
}

/** A token for the page. */
export interface SignIn {
  token: string;
}

/** A login. The cookie comes in the header `Set-Cookie`. */
export interface SignedIn {
  success: true;
  scopes: Array<"read" | "operate" | "audit">;
  expires_at: string;
  page_key: string;
}

/** How many sessions were imported or updated, and how many could not be imported, or only in part (`skipped`). */
export interface Synced {
  success: true;
  message: string;
  synced: number;
  skipped?: number;
}

/** A task with its prompt and result. */
export interface Task {
  id: string;
  codebase_id: string;
  title: string;
  status: "pending" | "running" | "interrupted" | "completed" | "failed" | "cancelled";
  priority: number;
  created_at: string;
  agent_type: string;
  session_id?: string;
  started_at?: string;
  completed_at?: string;
  reason?: string;
  retry_of?: string;
  place?: number;
  by?: string;
  via?: string;
  prompt: string;
  model?: string;
  metadata: Record<string, unknown>;
  result?: string;
  error?: string;
  code?: string;
}

/** A task after a change. */
export interface TaskChanged {
  success: true;
  task: Task;
}

/** A task was queued. `held`: what keeps it from starting; omitted if nothing does. */
export interface TaskCreated {
  success: true;
  task: CreatedTask;
  held?: Held;
}

/** An ended task was queued once more. `held`: what keeps it from starting; omitted if nothing does. */
export interface TaskRetried {
  success: true;
  task: RetriedTask;
  held?: Held;
}

/** Tasks, newest first, or in the order in which they start. */
export interface Tasks {
  total: number;
  limit: number;
  offset: number;
  tasks: Array<ListedTask>;
}

/** A prompt that starts an agent. */
export interface TriggerAgent {
  prompt: string;
  agent?: "build" | "plan" | "explore" | "general";
  model?: string | null;
  files?: Array<string>;
  metadata?: Record<string, unknown>;
}

/** A session was started, or it waits for a free agent slot (`pending`). */
export interface Triggered {
  success: true;
  message: string;
  session_id: string;
  task_id: string;
  status: "running" | "pending";
}
