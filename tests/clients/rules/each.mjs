// Does what each line of its input says, all at once, and prints a line for each. Usage: node each.mjs CLIENT
import { createInterface } from "node:readline";

const { Ledger, LedgerApiError, LedgerUnreachable, StreamHole } = await import(process.argv[2]);

const CALLS = {
  GET: (ledger) => ledger.status(),
  POST: (ledger) => ledger.codebase("x y").message("hello"),
  PATCH: (ledger) => ledger.codebase("x y").change({ name: "n" }),
  DELETE: (ledger) => ledger.codebase("x y").delete(),
};

function failed(error) {
  if (error instanceof LedgerApiError) return `${error.status} ${error.code}`;
  if (error instanceof LedgerUnreachable) return error.sent ? "lost" : "unreachable";
  if (error instanceof StreamHole) return `hole ${error.last} ${error.got}`;
  return error.constructor.name;
}

async function called({ url, method, patience, timeout }) {
  const ledger = new Ledger({ url, token: "secret-token", patience, timeout });
  return CALLS[method](ledger).then(() => "ok", failed);
}

async function followed({ url, after, session, patience, silence }) {
  const seen = { events: [], raw: [], taken: [], troubles: [], error: null };
  const codebase = new Ledger({ url }).codebase("x");
  const events = codebase.events({
    after,
    session,
    patience: patience ?? undefined,
    silence: 1000 * silence,
    cursor: async (id) => void seen.taken.push(id),
    onTrouble: (reason) => seen.troubles.push(reason ? failed(reason) : null),
  });
  try {
    for await (const { id, event, raw } of events) {
      seen.events.push([id, event]);
      seen.raw.push(raw);
    }
  } catch (error) {
    seen.error = failed(error);
  }
  return { ...seen, position: events.position };
}

async function each(line) {
  const wanted = JSON.parse(line);
  const result = await (wanted.method ? called(wanted) : followed(wanted));
  console.log(JSON.stringify([wanted.number, result]));
}

const lines = [];
for await (const line of createInterface({ input: process.stdin })) lines.push(each(line));
await Promise.all(lines);
