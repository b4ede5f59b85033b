// The client of an opencode-ledger service, for browsers and for Node 20 or later. It has no dependencies.

import { API, Calls, pathOf, queryOf } from "./calls.js";
import { EventStream } from "./events.js";

export { BadStream, LedgerApiError, LedgerClientError, LedgerUnreachable, StreamHole } from "./errors.js";
export { EventStream } from "./events.js";

const DEFAULT_URL = "http://127.0.0.1:8000";
const TIMEOUT = 120; // seconds
const PATIENCE = 10; // seconds

const variables = globalThis.process?.env ?? {};

/** A client of one service. `ledger.d.ts` describes every method. */
export class Ledger {
  constructor({ url, token, timeout = TIMEOUT, patience = PATIENCE, fetch = globalThis.fetch } = {}) {
    const address = url ?? variables.LEDGER_URL ?? DEFAULT_URL;
    const calls = { token: token ?? variables.LEDGER_TOKEN ?? null, timeout, patience, fetch: fetch.bind(globalThis) };
    this.calls = new Calls({ ...calls, url: String(address).replace(/\/+$/, "") });
  }

  /** Any request that is answered with JSON; `path` begins after `/v1/opencode`. */
  request(method, path, body, options) {
    return this.calls.json(method, path, body, options);
  }

  async text(path) {
    return (await this.calls.answer("GET", API + path, undefined, { accept: "*/*" })).text();
  }

  // --- the service ---------------------------------------------------------------------------------------------------

  status = () => this.request("GET", "/status");
  models = () => this.request("GET", "/models");

  // --- codebases -----------------------------------------------------------------------------------------------------

  codebase = (nameOrId) => new Codebase(this, nameOrId);
  codebases = () => this.request("GET", "/codebases");

  async register(path, name, { description, agent_config } = {}) {
    const answer = await this.request("POST", "/codebases", { name, path, description, agent_config });
    return new Codebase(this, answer.codebase.id);
  }

  search = (words, { codebase, limit, offset } = {}) =>
    this.request("GET", `/search${queryOf({ q: words, codebase, limit, offset })}`);
  overview = (options) => new EventStream(this.calls, `${API}/overview/events`, { numbering: "free" }, options);
  permissions = ({ status, limit, offset } = {}) =>
    this.request("GET", `/permissions${queryOf({ status, limit, offset })}`);

  // --- tasks ---------------------------------------------------------------------------------------------------------

  tasks = ({ status, limit, offset } = {}) => this.request("GET", `/tasks${queryOf({ status, limit, offset })}`);
  task = (id) => this.request("GET", pathOf("tasks", id));
  changeTask = async (id, changes) => (await this.request("PATCH", pathOf("tasks", id), changes)).task;
  retry = (id) => this.request("POST", pathOf("tasks", id, "retry"));
  cancel = (id) => this.request("POST", pathOf("tasks", id, "cancel"));

  // --- the log -------------------------------------------------------------------------------------------------------

  events = (options) => new EventStream(this.calls, `${API}/events`, { numbering: "contiguous" }, options);
  checkpoint = () => this.text("/log/checkpoint");
  publicKey = () => this.text("/log/key");
  inclusionProof = (position, size) => this.request("GET", `/log/proofs/inclusion${queryOf({ position, size })}`);
  consistencyProof = (from, to) => this.request("GET", `/log/proofs/consistency${queryOf({ from, to })}`);
}

/** A codebase of a service, by its name or id. */
export class Codebase {
  constructor(ledger, nameOrId) {
    this.ledger = ledger;
    this.nameOrId = nameOrId;
    this.path = pathOf("codebases", nameOrId);
  }

  get = (path, query = {}) => this.ledger.request("GET", this.path + path + queryOf(query));
  post = (path, body) => this.ledger.request("POST", this.path + path, body);

  // --- the codebase --------------------------------------------------------------------------------------------------

  info = () => this.get("");
  change = async (changes) => (await this.ledger.request("PATCH", this.path, changes)).codebase;
  delete = () => this.ledger.request("DELETE", this.path);

  // --- its agent -----------------------------------------------------------------------------------------------------

  trigger = (prompt, { model, agent, files, metadata } = {}) => this.post("/trigger", { prompt, model, agent, files, metadata });
  message = (message, { model, agent } = {}) => this.post("/message", { message, model, agent });
  interrupt = () => this.post("/interrupt");
  stop = () => this.post("/stop");
  status = ({ at } = {}) => this.get("/status", { at });
  permissions = ({ status, limit, offset } = {}) => this.get("/permissions", { status, limit, offset });
  answer = (id, reply, { message, answers } = {}) => this.post(pathOf("permissions", id), { reply, message, answers });

  // --- its sessions --------------------------------------------------------------------------------------------------

  sessions = ({ limit, offset, at } = {}) => this.get("/sessions", { limit, offset, at });
  messages = (session_id, { limit, offset, at } = {}) => this.get("/messages", { session_id, limit, offset, at });
  changes = (session, { limit, offset } = {}) => this.get(pathOf("sessions", session, "changes"), { limit, offset });
  diff = (session, path) =>
    this.ledger.text(`${this.path}${pathOf("sessions", session, "changes", "diff")}${queryOf({ path })}`);
  sync = () => this.post("/sessions/sync");
  output = (id) => this.ledger.text(`${this.path}/outputs${pathOf(id)}`);

  // --- its queue -----------------------------------------------------------------------------------------------------

  tasks = ({ status, order, limit, offset, at } = {}) => this.get("/tasks", { status, order, limit, offset, at });
  addTask = (title, prompt, { model, agent, priority, files, metadata } = {}) =>
    this.post("/tasks", { title, prompt, model, agent_type: agent, priority, files, metadata });

  // --- its events ----------------------------------------------------------------------------------------------------

  events({ session, ...options } = {}) {
    const whole = session === undefined || session === null;
    const path = `${API}${this.path}/events${queryOf({ session_id: session })}`;
    const kind = { numbering: whole ? "contiguous" : "rising", last: whole ? isDeletion : isEnd };
    return new EventStream(this.ledger.calls, path, kind, options);
  }

  log = ({ after, limit } = {}) => this.get("/log", { after, limit });
  logText = ({ after, limit } = {}) => this.ledger.text(`${this.path}/log${queryOf({ after, limit })}`);
  export = () => this.ledger.text(`${this.path}/log/export`);
  exportOutputs = ({ to } = {}) => this.ledger.text(`${this.path}/log/outputs${queryOf({ to })}`);
}

const isDeletion = ({ event, data }) => event === "codebase" && data.action === "deleted";
const isEnd = ({ event }) => event === "complete";
