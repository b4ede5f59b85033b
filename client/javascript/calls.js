// Requests: with an idempotency key where that makes repetitions safe, and repeated only where nothing can happen twice.

import { apiError, LedgerApiError, LedgerUnreachable, NO_CODE } from "./errors.js";

export const API = "/v1/opencode";

const FIRST_PAUSE = 250; // milliseconds; each pause is up to twice the one before it
const LONGEST_PAUSE = 8000;
// Codes of a status 503 that soon ends by itself. An agent that is not available stays so until somebody acts.
const PASSING = new Set(["overloaded", "shutting_down", "views_behind", "tree_behind", NO_CODE]);
const NOT_BEGUN = new Set(["overloaded", "too_many_requests"]); // refusals that come before any work
const NOT_CONNECTED = new Set(["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN", "UND_ERR_CONNECT_TIMEOUT"]); // as Node says it

/** Milliseconds to wait before each repetition. They differ between clients, which don't all come back at once. */
export function* pauses() {
  for (let longest = FIRST_PAUSE; ; longest = Math.min(2 * longest, LONGEST_PAUSE)) {
    yield longest * (0.5 + Math.random() / 2);
  }
}

/** The pause, or a longer one that the service asks for. */
export const wantedPause = (failure, pause) => Math.max(pause, 1000 * (failure.retryAfter ?? 0));

/** Whether the service or a proxy refuses for the moment only. */
export function passes(failure) {
  if (failure.status === 503) return PASSING.has(failure.code) || failure.retryAfter !== null;
  return [429, 502, 504].includes(failure.status);
}

/** Whether a request may be sent again. `recognised`: a repetition does nothing more. */
function mayBeRepeated(failure, recognised) {
  if (failure instanceof LedgerUnreachable) return recognised || !failure.sent;
  return failure instanceof LedgerApiError && passes(failure) && (recognised || NOT_BEGUN.has(failure.code));
}

/** Wait; a signal ends the wait with its reason. */
export function sleep(milliseconds, signal) {
  return new Promise((done, fail) => {
    if (signal?.aborted) return fail(signal.reason);
    const stop = () => {
      clearTimeout(timer);
      fail(signal.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", stop);
      done();
    }, milliseconds);
    signal?.addEventListener("abort", stop, { once: true });
  });
}

/** Looks after one exchange with the service: it is given up after too long a silence, and when `signal` says so. */
export class Watch {
  ended = new AbortController();

  constructor(silence, signal) {
    this.silence = silence;
    this.given = signal;
    this.stop = () => this.ended.abort(signal.reason);
    if (signal?.aborted) this.stop();
    signal?.addEventListener("abort", this.stop, { once: true });
  }

  get signal() {
    return this.ended.signal;
  }

  /** What is waited for, but at most as long as the silence may last. Any failure but a wanted end is the connection's. */
  async guarded(work) {
    const silent = new LedgerUnreachable("The service was silent for too long.", { sent: true });
    const timer = setTimeout(() => this.ended.abort(silent), this.silence);
    try {
      return await work;
    } catch (cause) {
      if (this.signal.aborted) throw this.signal.reason;
      if (cause instanceof LedgerUnreachable) throw cause;
      throw new LedgerUnreachable(`The connection broke: ${cause.message}.`, { sent: true, cause });
    } finally {
      clearTimeout(timer);
    }
  }

  close() {
    this.given?.removeEventListener("abort", this.stop);
    this.ended.abort();
  }
}

/** A path below the service's address; each part is one segment. */
export function pathOf(...parts) {
  for (const part of parts) {
    if (!part || part === "." || part === "..") throw new TypeError(`${JSON.stringify(part)} is neither an id nor a name.`);
  }
  return parts.map((part) => `/${encodeURIComponent(part)}`).join("");
}

/** The query for these parameters, with its question mark. Those without a value are left out. */
export function queryOf(parameters) {
  const given = Object.entries(parameters).filter(([, value]) => value !== undefined && value !== null);
  return given.length ? `?${new URLSearchParams(given)}` : "";
}

/** Sends requests until they are answered. */
export class Calls {
  /** `token`: a text, or a function that gives one or null. `timeout`, `patience`: in seconds, as `Ledger` takes them. */
  constructor({ url, token, timeout, patience, fetch }) {
    Object.assign(this, { url, token, timeout, patience, fetch });
  }

  /** The JSON of the answer. `path` begins after `/v1/opencode`. */
  async json(method, path, body, options) {
    return (await this.answer(method, API + path, body, options)).json();
  }

  /** The answer to any request; its status is below 300. */
  async answer(method, target, body, { signal, accept = "application/json", key } = {}) {
    const headers = { Accept: accept };
    if (method === "POST") headers["Idempotency-Key"] = key ?? uniqueKey();
    if (method !== "GET") headers["Content-Type"] = "application/json";
    const init = { method, headers, body: method === "GET" ? undefined : JSON.stringify(body ?? {}) };
    const recognised = method === "GET" || method === "POST";
    let waited = 0;
    for (const pause of pauses()) {
      try {
        return await this.once(target, init, signal);
      } catch (failure) {
        const wanted = wantedPause(failure, pause);
        waited += wanted;
        if (!mayBeRepeated(failure, recognised) || waited > 1000 * this.patience) throw failure;
        await sleep(wanted, signal);
      }
    }
  }

  async once(target, init, signal) {
    const watch = new Watch(1000 * this.timeout, signal);
    try {
      const response = await watch.guarded(this.send(target, { ...init, signal: watch.signal }));
      if (!response.ok) throw await watch.guarded(apiError(response));
      return new Response(await watch.guarded(response.arrayBuffer()), { headers: response.headers });
    } finally {
      watch.close();
    }
  }

  /** One request, as `fetch` takes it. */
  async send(target, init) {
    const token = typeof this.token === "function" ? this.token() : this.token;
    const headers = token ? { ...init.headers, Authorization: `Bearer ${token}` } : init.headers;
    try {
      return await this.fetch(this.url + target, { ...init, headers, cache: "no-store", redirect: "manual" });
    } catch (cause) {
      const code = cause.cause?.code ?? "";
      const message = `No answer from ${this.url || "the service"}: ${code || cause.message}.`;
      throw new LedgerUnreachable(message, { sent: !NOT_CONNECTED.has(code), cause });
    }
  }
}

/** A key that no other request has. `randomUUID` is missing on pages that came without TLS from another machine. */
function uniqueKey() {
  if (crypto.randomUUID) return crypto.randomUUID();
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
