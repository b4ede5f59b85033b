// The service's API as this page uses it: requests, and event streams that miss and double nothing.

const API = "/v1/opencode";

/** What the service refused, in its own words; `status` as in HTTP. */
export class Refused extends Error {
  constructor(status, { detail, code }) {
    super(detail);
    this.status = status;
    this.code = code;
  }
}

/** The token is kept for as long as this tab lives, and nowhere else. */
export const token = {
  get: () => sessionStorage.getItem("token"),
  set: (value) => sessionStorage.setItem("token", value),
};

const headers = (more = {}) => (token.get() ? { ...more, Authorization: `Bearer ${token.get()}` } : more);

/** One request; the answer's JSON. Throws `Refused`. */
export async function ask(method, path, body) {
  const init = { method, headers: headers(body ? { "Content-Type": "application/json" } : {}) };
  if (body) init.body = JSON.stringify(body);
  const response = await fetch(API + path, init);
  const answer = await response.json();
  if (!response.ok) throw new Refused(response.status, answer);
  return answer;
}

/** Whole frames out of a stream's text: `{id, event, data}` each. Comments and `retry` are passed over. */
export async function* frames(text) {
  let rest = "";
  for await (const piece of text) {
    const blocks = (rest + piece).split("\n\n");
    rest = blocks.pop();
    for (const block of blocks) {
      const fields = Object.fromEntries(block.split("\n").filter((line) => !line.startsWith(":")).map(part));
      if (fields.data) yield { id: fields.id, event: fields.event, data: JSON.parse(fields.data) };
    }
  }
}

const part = (line) => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 1).trimStart()];

/**
 * Hand every frame of a codebase's stream to `take`, until `signal` says that it is enough. Where the connection breaks
 * it is made again, from the last frame that was taken. `trouble` is called with the reason while there is none, and with null when there is one.
 */
export async function follow(path, take, trouble, signal) {
  let last = null;
  for (let pause = 500; !signal.aborted; pause = Math.min(2 * pause, 8000)) {
    try {
      const resume = last === null ? {} : { "Last-Event-ID": last };
      const response = await fetch(API + path, { headers: headers(resume), signal });
      if (response.status === 204) return;
      if (!response.ok) throw new Refused(response.status, await response.json());
      trouble(null);
      for await (const frame of frames(chunks(response.body))) {
        take(frame);
        last = frame.id;
        pause = 500;
      }
    } catch (error) {
      if (signal.aborted) return;
      trouble(error.message);
      if (error instanceof Refused && error.status < 500 && error.status !== 429) return;
    }
    await new Promise((done) => setTimeout(done, pause));
  }
}

async function* chunks(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  for (let read; !(read = await reader.read()).done; ) yield read.value;
}
