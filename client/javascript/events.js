// An event stream that survives every loss of its connection: nothing is missed, and nothing comes twice.

import { passes, pauses, sleep, wantedPause, Watch } from "./calls.js";
import { apiError, BadStream, LedgerApiError, LedgerUnreachable, StreamHole } from "./errors.js";

const SILENCE = 45000; // milliseconds after which a connection counts as dead: the service sends something every 15 s
const LINE_END = /\r\n|\n|\r/;

/** Server-sent events out of text that arrives in any pieces, as the HTML standard reads them. */
export class FrameReader {
  pieces = []; // of the last line, which isn't whole yet
  afterReturn = false;
  begun = false;
  id = "";
  event = "";
  data = [];

  /** The frames that are whole with this text. */
  feed(text) {
    if (this.afterReturn && text) {
      this.afterReturn = false;
      if (text.startsWith("\n")) text = text.slice(1); // the other half of a line's end
    }
    const lines = text.split(text.includes("\r") ? LINE_END : "\n");
    const rest = lines.pop();
    if (lines.length) {
      lines[0] = this.pieces.join("") + lines[0];
      this.pieces = [];
      this.afterReturn = text.endsWith("\r");
    }
    if (rest) this.pieces.push(rest);
    return lines.map((line) => this.line(line)).filter((frame) => frame !== null);
  }

  line(given) {
    const line = this.begun ? given : given.replace(/^\ufeff/, "");
    this.begun = true;
    if (!line) return this.dispatched();
    const colon = line.indexOf(":");
    const name = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + (line[colon + 1] === " " ? 2 : 1));
    if (name === "data") this.data.push(value);
    else if (name === "event") this.event = value;
    else if (name === "id" && !value.includes("\0")) this.id = value;
    return null;
  }

  dispatched() {
    const frame = this.data.length ? { id: this.id, event: this.event || "message", data: this.data.join("\n") } : null;
    this.event = "";
    this.data = [];
    return frame;
  }
}

/** The events of a stream, as an asynchronous iterator. It reconnects by itself, after the last event that it has. */
export class EventStream {
  /** `numbering`: the ids are `contiguous`, `rising` with gaps, or `free`: in any order. `last`: whether an event may be the last of this stream. */
  constructor(calls, path, { numbering, last = () => false }, options = {}) {
    const { after = null, cursor, onTrouble, patience = Infinity, silence = SILENCE, signal } = options;
    Object.assign(this, { calls, path, numbering, last, cursor, onTrouble, patience, silence, signal });
    this.position = after; // the id of the last event that was handed out, or after which the stream began
    this.waiting = [];
    this.connection = null;
    this.pauses = pauses();
    this.waited = 0;
    this.untaken = null;
    this.over = this.atLast = this.troubled = this.fruitful = false;
  }

  [Symbol.asyncIterator]() {
    return this;
  }

  /** The next event; until it comes, connections are made again. */
  async next() {
    await this.taken();
    try {
      while (!this.over || this.waiting.length) {
        if (this.waiting.length) {
          const event = this.checked(this.waiting.shift());
          if (event) return { done: false, value: event };
        } else {
          await this.receive();
        }
      }
    } catch (error) {
      this.disconnect();
      if (this.signal?.aborted) return this.return();
      throw error;
    }
    return this.return();
  }

  /** Close the connection; the iteration ends. */
  async return() {
    this.over = true;
    this.disconnect();
    return { done: true, value: undefined };
  }

  // --- one connection after the other --------------------------------------------------------------------------------

  async receive() {
    try {
      if (!this.connection) return await this.connect();
      const { done, value } = await this.connection.read();
      if (!done) this.waiting.push(...this.connection.frames.feed(value));
      else if (this.fruitful) this.disconnect(); // asked again, the service answers 204 where nothing follows
      else throw new LedgerUnreachable("The stream ended before it brought an event.", { sent: true });
    } catch (error) {
      if (this.signal?.aborted) throw error;
      await this.lost(error);
    }
  }

  async connect() {
    const headers = { Accept: "text/event-stream" };
    if (this.position !== null) headers["Last-Event-ID"] = String(this.position);
    const watch = new Watch(this.silence, this.signal);
    const response = await watch.guarded(this.calls.send(this.path, { headers, signal: watch.signal }));
    if (response.status === 200) return this.begin(new Connection(response, watch), response);
    const failure = response.status === 204 ? null : await watch.guarded(apiError(response));
    watch.close();
    if (failure) throw failure;
    this.over = true;
  }

  begin(connection, response) {
    this.connection = connection;
    const beginsAfter = response.headers.get("X-Ledger-After");
    if (this.position === null && beginsAfter) this.position = Number(beginsAfter);
    if (this.troubled) this.onTrouble?.(null);
    this.troubled = this.fruitful = false;
  }

  async lost(failure) {
    this.disconnect();
    const refused = failure instanceof LedgerApiError;
    if (refused && failure.status === 404 && this.atLast) {
      this.over = true;
      return;
    }
    if (!(failure instanceof LedgerUnreachable) && !(refused && passes(failure))) throw failure;
    this.troubled = true;
    const pause = wantedPause(failure, this.pauses.next().value);
    this.onTrouble?.(failure, pause);
    this.waited += pause;
    if (this.waited > 1000 * this.patience) throw failure;
    await sleep(pause, this.signal);
  }

  disconnect() {
    this.connection?.close();
    this.connection = null;
  }

  // --- one event after the other -------------------------------------------------------------------------------------

  /** The event of a frame, or null if it came before. */
  checked(frame) {
    try {
      return this.numbered(frame);
    } catch (error) {
      this.waiting = []; // a further call asks for the same events again
      throw error;
    }
  }

  numbered({ id, event, data: raw }) {
    if (!/^[0-9]+$/.test(id)) throw new BadStream(`An event of ${this.path} has no number: ${JSON.stringify(id)}.`);
    const number = Number(id);
    if (this.position !== null && this.numbering !== "free") {
      if (number <= this.position) return null;
      if (this.numbering === "contiguous" && number > this.position + 1) throw new StreamHole(this.path, this.position, number);
    }
    const made = { id: number, event, data: parsed(this.path, id, raw), raw };
    this.position = this.untaken = number;
    this.pauses = pauses();
    this.waited = 0;
    this.fruitful = true;
    this.atLast = this.last(made);
    return made;
  }

  /** Report that the caller has taken the last event: it asks for the next one. */
  async taken() {
    const number = this.untaken;
    this.untaken = null;
    if (number !== null) await this.cursor?.(number);
  }
}

function parsed(path, id, raw) {
  let data;
  try {
    data = JSON.parse(raw);
  } catch (cause) {
    throw new BadStream(`Event ${id} of ${path} is not JSON.`, { cause });
  }
  if (data === null || typeof data !== "object" || Array.isArray(data)) {
    throw new BadStream(`Event ${id} of ${path} is not a JSON object.`);
  }
  return data;
}

/** One response of a stream. */
class Connection {
  frames = new FrameReader();

  constructor(response, watch) {
    this.watch = watch;
    this.reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  }

  read() {
    return this.watch.guarded(this.reader.read());
  }

  close() {
    this.reader.cancel().catch(() => {}); // it may have failed already
    this.watch.close();
  }
}
