// Real proofs of the golden logs are found true, and each kind of forgery is found out. `GOLDEN` names a file that
// test_proofs.py writes: for each log the key, checkpoints of several sizes, events and the proofs by domain/proofs.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { fromBase64, toBase64, toHex, utf8 } from "../../http/pages/static/parts/proofs/bytes.js";
import { cannotBeErased, isAsErased } from "../../http/pages/static/parts/proofs/check_erasure.js";
import { checkEvent } from "../../http/pages/static/parts/proofs/check_event.js";
import { checkLog, compareKept, continuation, headline } from "../../http/pages/static/parts/proofs/check_log.js";
import { keptIn } from "../../http/pages/static/parts/proofs/kept_file.js";
import { findErasure } from "../../http/pages/static/parts/proofs/find_erasure.js";
import { entryOf, erasureIn } from "../../http/pages/static/parts/proofs/leaf.js";
import { readLogPage } from "../../http/pages/static/parts/proofs/log_page.js";
import { isContinued, isIncluded } from "../../http/pages/static/parts/proofs/merkle.js";
import { sha256 } from "../../http/pages/static/parts/proofs/browser_crypto.js";
import { readCheckpoint, readKey } from "../../http/pages/static/parts/proofs/signed_note.js";
import * as tombstone from "../../http/pages/static/parts/proofs/tombstone.js";

const logs = JSON.parse(readFileSync(process.env.GOLDEN, "utf8"));
const log = logs.at(-1);
const SINCE = "in January";

const never = async () => assert.fail("nothing is asked");
const eventsOf = ({ pages }) => pages.flatMap(({ stream, text }) => readLogPage(stream, text).events);
const consistency = (of) => async (from, to) => of.consistency[`${from} ${to}`];
const inclusion = (of) => async (position, size) => of.inclusion[`${position} ${size}`];
const finding = (of) => async (_, by) => eventsOf(of).find(({ position }) => position === by) ?? null;
const newest = (of) => of.notes.at(-1);
const whole = async (of) => readCheckpoint(newest(of), await readKey(of.key));

test("each event of each golden log is found in the log that its checkpoint signs", async () => {
  for (const one of logs) {
    const checkpoint = await whole(one);
    const events = eventsOf(one);
    assert.equal(events.length, checkpoint.size);
    for (const event of events) {
      const { verdict, findings } = await checkEvent(event, checkpoint, inclusion(one), finding(one));
      assert.equal(verdict, "sound", `${event.position}: ${findings[0].words}`);
    }
  }
});

test("a sound sentence says what was checked", async () => {
  const event = eventsOf(log).find(({ position }) => position === 62);
  const { findings } = await checkEvent(event, await whole(log), inclusion(log), never);
  assert.deepEqual(findings, [
    { holds: true, words: `Event ${event.sequence} is in the log signed at ${log.size}, at position 62.` },
  ]);
});

test("the newest checkpoint continues each earlier one", async () => {
  for (const one of logs) {
    for (const note of one.notes) {
      const made = await checkLog({ key: one.key, note: newest(one) }, { key: one.key, note, since: SINCE }, consistency(one));
      assert.equal(made.verdict, "sound", JSON.stringify(made.findings));
      assert.match(headline(made), /^sound to \d+$/);
    }
  }
});

test("without anything kept, the log is not called sound", async () => {
  const made = await checkLog({ key: log.key, note: newest(log) }, null, never);
  assert.equal(made.verdict, "first");
  assert.doesNotMatch(headline(made), /sound/);
});

test("an event that came after the checkpoint is not covered yet", async () => {
  const early = await readCheckpoint(log.notes[2], await readKey(log.key));
  const event = eventsOf(log).at(-1);
  const { verdict, findings } = await checkEvent(event, early, never, never);
  assert.equal(verdict, "unable");
  assert.match(findings[0].words, /not covered yet/);
});

test("erased events keep their place, and what is left of them is compared with the erasure", async () => {
  const events = eventsOf(log);
  const erasure = events.find(({ type }) => type === "erasure");
  const erased = events.filter(({ text }) => erasureIn(text));
  assert.equal(erased.length, Object.keys(erasure.data.tombstones).length);
  for (const event of erased) {
    assert.equal(erasureIn(event.text).by, erasure.position);
    assert.ok(await isAsErased(event, erasure.data.tombstones));
    const changed = { ...event, text: event.text.replace("[erased]", "[a lie]").replace('"content":""', '"content":"a lie"') };
    if (changed.text !== event.text) assert.ok(!(await isAsErased(changed, erasure.data.tombstones)));
  }
  assert.ok(!(await isAsErased(events[0], erasure.data.tombstones)));
  assert.ok(!(await isAsErased({ ...events[0], position: "__proto__" }, erasure.data.tombstones)));
});

// --- forged erasures -----------------------------------------------------------------------------------------------

const at = (position) => eventsOf(log).find((event) => event.position === position);
const erasureOf = () => eventsOf(log).find(({ type }) => type === "erasure");
const erasedEvent = () => eventsOf(log).find(({ text, type }) => erasureIn(text) && type === "message_sent");
const with_ = (event, from, to) => {
  assert.ok(event.text.includes(from), from);
  return { ...event, text: event.text.replace(from, to) };
};
const by = (event, position) => with_(event, /"erased":\{"by":\d+/.exec(event.text)[0], `"erased":{"by":${position}`);
const lie = async (event, position, members = '{"content":"I DELETED the database",') => ({
  ...event,
  text: `${members}"erased":{"by":${position},"sha256":"${toHex(await sha256(utf8(event.text)))}"}}`,
});
const blankOf = (position, eraser) => by({ ...at(position), text: log.tombstones[position] }, eraser);
const blankable = () => eventsOf(log).find(({ position }) => log.tombstones[position] && position > 62 && position < erasureOf().position).position;
const broken = async () => {
  throw new Error("The connection was lost.");
};

/** Forged tombstones: the event, how its erasure is found, and the words of the finding. The leaf of each is the real one. */
const TOMBSTONE_FORGERIES = {
  "a changed event that says it was erased": [() => lie(at(62), erasureOf().position), null, /has content/],
  "by the position of an ordinary event": [() => lie(at(62), 100), null, /has content/],
  "an event that says nothing but that": [() => lie(at(62), erasureOf().position, "{"), null, /has content/],
  "structure alone": [() => lie(at(62), erasureOf().position, '{"status":"running",'), null, /has content/],
  "by itself": [() => by(erasedEvent(), erasedEvent().position), null, /not after it/],
  "by an earlier event": [() => by(erasedEvent(), 1), null, /not after it/],
  "by an event beyond the log": [() => by(erasedEvent(), log.size + 1), null, /beyond the log/],
  "by an event beyond counting": [() => by(erasedEvent(), "9".repeat(19)), null, /beyond the log/],
  "words left": [() => with_(erasedEvent(), '"content":"[erased]"', '"content":"a lie"'), null, /has content/],
  "words that follow the mark": [() => with_(erasedEvent(), "[erased]", "[erased] a lie"), null, /has content/],
  "a number left": [() => with_(erasedEvent(), '"content":"[erased]"', '"content":7'), null, /has content/],
  "a list left": [() => with_(erasedEvent(), '"content":"[erased]"', '"content":["a lie"]'), null, /has content/],
  "a list in place of structure": [() => with_(erasedEvent(), '"role":"user"', '"role":["a lie"]'), null, /has content/],
  "a member more": [() => with_(erasedEvent(), "{", '{"note":"a lie",'), null, /has content/],
  "a member of an unknown name": [() => with_(erasedEvent(), "{", '{"__proto__":{"a":"lie"},'), null, /has content/],
  "a name twice": [() => with_(erasedEvent(), "{", '{"content":"a lie",'), null, /has content/],
  "a blank": [() => with_(erasedEvent(), '"content":', '"content": '), null, /has content/],
  "a needless escape": [() => with_(erasedEvent(), '"[erased]"', '"\\u005berased]"'), null, /has content/],
  "a mark more": [() => with_(erasedEvent(), "{", '{"title":"[erased]",'), null, /not what its erasure/],
  "structure changed": [() => with_(erasedEvent(), '"by":"anna"', '"by":"eve"'), null, /not what its erasure/],
  "another event, blank": [async () => blankOf(blankable(), erasureOf().position), null, /not what its erasure/],
  "an erasure that is none": [() => by(erasedEvent(), erasedEvent().position + 1), null, /records no erasure/],
  "an erasure of another kind": [erasedEvent, async () => ({ ...erasureOf(), type: "output" }), /records no erasure/],
  "no erasure": [erasedEvent, async () => null, /not in the log of its codebase: what is left isn't proved/],
  "another event for the erasure": [erasedEvent, async () => at(100), /not in the log of its codebase/],
  "an erasure that says nothing": [erasedEvent, async () => ({ ...erasureOf(), text: "{}" }), /as shown, .* is not in the log/],
  "an erasure of another stream": [erasedEvent, async () => ({ ...erasureOf(), stream: "x" }), /as shown, .* is not in the log/],
  "an erasure that was erased": [erasedEvent, async () => lie(erasureOf(), log.size, '{"tombstones":{},'), /records no erasure/],
};

test("a forged tombstone proves nothing, and a sentence says why", async (t) => {
  const checkpoint = await whole(log);
  for (const [name, [event, find, words]] of Object.entries(TOMBSTONE_FORGERIES)) {
    await t.test(name, async () => {
      const { verdict, findings } = await checkEvent(await event(), checkpoint, inclusion(log), find ?? finding(log));
      assert.equal(verdict, "wrong");
      assert.equal(findings.length, 1);
      assert.match(findings[0].words, words);
    });
  }
});

test("the erased erasure with an exact record for what is left proves nothing", async () => {
  const forged = with_(erasedEvent(), '"by":"anna"', '"by":"eve"');
  const record = `{"tombstones":{"${forged.position}":"${toHex(await sha256(utf8(forged.text)))}"},`;
  const erasure = await lie(erasureOf(), log.size, record);
  assert.equal((await checkEvent(forged, await whole(log), inclusion(log), async () => erasure)).verdict, "wrong");
});

test("an erasure that can't be read leaves what is left unproved", async () => {
  const { verdict, findings } = await checkEvent(erasedEvent(), await whole(log), inclusion(log), broken);
  assert.equal(verdict, "unable");
  assert.match(findings[0].words, /could not be read: what is left isn't proved/);
});

test("the page knows what an erasure leaves as the service does", () => {
  for (const [name, members] of Object.entries(log.members)) assert.deepEqual([...tombstone[name]].sort(), members, name);
  for (const one of logs) {
    for (const event of eventsOf(one)) {
      const left = one.tombstones[event.position];
      if (left) assert.equal(cannotBeErased({ ...event, text: left }, one.size + 1), event.type === "erasure" ? "It is an erasure itself, and no erasure is ever erased." : null, left);
      if (left) assert.ok(tombstone.isBlank(left, event.type), left);
      else if (!erasureIn(event.text)) assert.ok(!tombstone.isBlank(event.text, event.type), event.text);
    }
  }
  assert.ok(!tombstone.isBlank(`${'{"answer":'.repeat(100_000)}1${"}".repeat(100_000)}`, "output"));
  for (const text of ["", "null", "[]", "7", '"x"', "{}"]) assert.ok(!tombstone.isBlank(text, "output"), text);
});

test("the erasure is found by its position with few questions", async () => {
  let asked = 0;
  const codebase = (stream) => ({
    logText: async ({ after, limit }) => {
      asked++;
      const all = JSON.parse(log.pages.find((page) => page.stream === stream).text);
      return JSON.stringify({ ...all, events: all.events.slice(after, after + limit) });
    },
  });
  const find = findErasure({ codebase });
  for (const event of eventsOf(log).filter(({ text }) => erasureIn(text))) {
    const { position } = erasureOf();
    assert.equal((await find(event, position)).position, position);
    assert.equal(await find(event, log.size + 1), null);
    assert.equal(await find(event, event.position + 1).then((found) => found?.type !== "erasure"), true);
  }
  assert.ok(asked < 200, String(asked));
});

// --- forgeries -----------------------------------------------------------------------------------------------------

const flip = (text, at = 0, bit = 1) => {
  const bytes = fromBase64(text);
  bytes.set([bytes.at(at) ^ bit], at < 0 ? bytes.length + at : at);
  return toBase64(bytes);
};
const other = flip(toBase64(new Uint8Array(32)));
const hashes = (change) => (answer) => ({ ...answer, hashes: change(answer.hashes) });
const swap = ([first, second, ...rest]) => [second, first, ...rest];

/** Forgeries of an event, its position or its proof: each says what becomes of (event, answer). */
const EVENT_FORGERIES = {
  "a byte of the data": { event: (event) => ({ ...event, text: event.text.replace('"timestamp":"2', '"timestamp":"3') }) },
  "a blank in the data": { event: (event) => ({ ...event, text: `${event.text} ` }) },
  "data that mean the same": { event: (event) => ({ ...event, text: JSON.stringify(event.data, null, 1) }) },
  "data cut off": { event: (event) => ({ ...event, text: event.text.slice(0, -1) }) },
  "no data": { event: (event) => ({ ...event, text: "" }) },
  "a tombstone's hash": {
    event: (event) => ({ ...event, text: `{"erased":{"by":285,"sha256":"${"0".repeat(64)}"}}` }),
  },
  "the kind": { event: (event) => ({ ...event, type: `${event.type}s` }) },
  "the sequence": { event: (event) => ({ ...event, sequence: event.sequence + 1 }) },
  "the codebase": { event: (event) => ({ ...event, stream: `${event.stream}x` }) },
  "a line more in the codebase": { event: (event) => ({ ...event, stream: `${event.stream}\n1` }) },
  "the position before": { event: (event) => ({ ...event, position: event.position - 1 }) },
  "the position after": { event: (event) => ({ ...event, position: event.position + 1 }) },
  "position 0": { event: (event) => ({ ...event, position: 0 }) },
  "a negative position": { event: (event) => ({ ...event, position: -event.position }) },
  "a broken position": { event: (event) => ({ ...event, position: event.position + 0.5 }) },
  "the proof of another event": { answer: () => log.inclusion[`63 ${log.size}`] },
  "the proof for another size": { answer: () => log.inclusion["62 100"] },
  "the first hash, first byte": { answer: hashes(([first, ...rest]) => [flip(first), ...rest]) },
  "the first hash, last bit": { answer: hashes(([first, ...rest]) => [flip(first, 31, 128), ...rest]) },
  "the last hash": { answer: hashes((path) => [...path.slice(0, -1), flip(path.at(-1))]) },
  "hashes in another order": { answer: hashes(swap) },
  "a hash less, first": { answer: hashes((path) => path.slice(1)) },
  "a hash less, last": { answer: hashes((path) => path.slice(0, -1)) },
  "a hash more, first": { answer: hashes((path) => [other, ...path]) },
  "a hash more, last": { answer: hashes((path) => [...path, other]) },
  "a hash twice": { answer: hashes((path) => [path[0], ...path]) },
  "no hashes": { answer: hashes(() => []) },
  "thousands of hashes": { answer: hashes(() => Array(5000).fill(other)) },
  "a hash of 31 bytes": { answer: hashes(([, ...rest]) => [toBase64(new Uint8Array(31)), ...rest]) },
  "a hash of 33 bytes": { answer: hashes(([, ...rest]) => [toBase64(new Uint8Array(33)), ...rest]) },
  "a hash that is no base64": { answer: hashes(([, ...rest]) => ["not base64!", ...rest]) },
  "a hash with spare bits": { answer: hashes(([first, ...rest]) => [`${first.slice(0, -2)}${next(first.at(-2))}=`, ...rest]) },
  "a number for a hash": { answer: hashes(([, ...rest]) => [1, ...rest]) },
  "null for a hash": { answer: hashes(([, ...rest]) => [null, ...rest]) },
  "a text for the hashes": { answer: hashes((path) => path.join("")) },
  "no answer": { answer: () => null },
  "an empty answer": { answer: () => ({}) },
  "the service says it is true": { answer: () => ({ valid: true, verified: true, hashes: [] }) },
};

/** The base64 character after this one: it differs in bits that say nothing at a text's end. */
const next = (char) => String.fromCharCode(char.charCodeAt(0) + 1);

test("each forgery of an event is found out", async (t) => {
  const checkpoint = await whole(log);
  const real = eventsOf(log).find(({ position }) => position === 62);
  const answer = log.inclusion[`62 ${log.size}`];
  for (const [name, { event = (it) => it, answer: change = (it) => it }] of Object.entries(EVENT_FORGERIES)) {
    await t.test(name, async () => {
      const { verdict } = await checkEvent(event(structuredClone(real)), checkpoint, async () => change(structuredClone(answer)), never);
      assert.equal(verdict, "wrong");
    });
  }
});

const lines = (change) => ({ note }) => {
  const parts = note.split("\n");
  return { note: change(parts).join("\n") };
};
const line = (number, change) => lines((parts) => parts.map((part, at) => (at === number ? change(part) : part)));
const signature = (change) => line(4, (text) => text.replace(/\S+$/, change));

/** Forgeries of what the service gives: its key and its newest checkpoint. */
const LOG_FORGERIES = {
  "the size": line(1, (size) => String(Number(size) + 1)),
  "a smaller size": line(1, (size) => String(Number(size) - 1)),
  "a size with a zero in front": line(1, (size) => `0${size}`),
  "the root, first byte": line(2, (root) => flip(root)),
  "the root, last byte": line(2, (root) => flip(root, 31)),
  "the root, cut off": line(2, (root) => root.slice(0, -4)),
  "the origin": line(0, (origin) => `${origin}x`),
  "a line more in the text": lines(([...parts]) => [...parts.slice(0, 3), "extension", ...parts.slice(3)]),
  "the text of another checkpoint": ({ note }) => ({ note: log.notes[2].split("\n\n")[0] + note.slice(note.indexOf("\n\n")) }),
  "the signature, first byte": signature((text) => flip(text, 4)),
  "the signature, last byte": signature((text) => flip(text, -1)),
  "the signature, cut off": signature((text) => toBase64(fromBase64(text).slice(0, -1))),
  "the signature, extended": signature((text) => toBase64(Uint8Array.of(...fromBase64(text), 0))),
  "the signature's key id": signature((text) => flip(text, 0)),
  "the signature of zeros": signature((text) => toBase64(Uint8Array.of(...fromBase64(text).slice(0, 4), ...new Uint8Array(64)))),
  "the signer's name": line(4, (text) => text.replace("opencode-ledger/", "opencode-ledger/0")),
  "no signature": lines((parts) => parts.slice(0, 4).concat("")),
  "no dash": line(4, (text) => text.replace("— ", "- ")),
  "no line feed at the end": ({ note }) => ({ note: note.slice(0, -1) }),
  "an empty note": () => ({ note: "" }),
  "half a note": ({ note }) => ({ note: note.slice(0, note.length / 2) }),
  "a note of a megabyte": ({ note }) => ({ note: `${"x\n".repeat(2 ** 19)}\n${note}` }),
  "another log's checkpoint": () => ({ note: newest(logs[0]) }),
  "another log's checkpoint and key": () => ({ note: newest(logs[0]), key: logs[0].key }),
  "another key of that name": () => log.imposter,
  "the key's bytes": ({ key }) => ({ key: key.replace(/\+(A.*)$/, (_, text) => `+${flip(text, 5)}`) }),
  "the key's id": ({ key }) => ({ key: key.replace(/\+([0-9a-f])/, (_, digit) => `+${digit === "0" ? "1" : "0"}`) }),
  "the key's name": ({ key }) => ({ key: `x${key}` }),
  "a key of another type": ({ key }) => ({ key: key.replace(/\+A/, "+B") }),
  "an empty key": () => ({ key: "" }),
  "a checkpoint for another origin, well signed": () => ({ note: log.foreign }),
  "a checkpoint for no origin, well signed": () => ({ note: log.nameless }),
  "a size beyond counting, well signed": () => ({ note: log.endless }),
  "a log that was cut off, well signed": () => ({ note: log.notes[2] }),
  "a log that was rewritten, well signed": () => ({ note: log.rewritten }),
  "a log that was rewritten and grew, well signed": () => ({ note: log.grown }),
};

test("each forgery of a checkpoint or key is found out", async (t) => {
  const given = { key: log.key, note: newest(log) };
  const kept = { ...given, since: SINCE };
  for (const [name, change] of Object.entries(LOG_FORGERIES)) {
    await t.test(name, async () => {
      const made = await checkLog({ ...given, ...change(given) }, kept, async (from, to) => log.forged[`${from} ${to}`] ?? { hashes: [] });
      assert.equal(made.verdict, "wrong");
      assert.match(headline(made), /^NOT SOUND: .+/);
    });
  }
});

test("each forgery of a consistency proof is found out", async () => {
  const checkpoint = await whole(log);
  const key = await readKey(log.key);
  const changes = Object.entries(EVENT_FORGERIES).flatMap(([name, { answer }]) => (answer ? [[name, answer]] : []));
  assert.ok(changes.length > 20);
  for (const note of log.notes.slice(1, -1)) {
    const { size } = await readCheckpoint(note, key);
    const real = log.consistency[`${size} ${checkpoint.size}`];
    for (const [name, change] of changes) {
      const forged = change(structuredClone(real));
      if (real.hashes.length < 2 && name.includes("order")) continue;
      const [finding] = await continuation(note, SINCE, key, checkpoint, async () => forged);
      assert.equal(finding.holds, false, `${size}: ${name}`);
    }
  }
});

test("a proof for numbers that are none proves nothing", async () => {
  const hash = new Uint8Array(32);
  for (const [index, size] of [[0, 0], [-1, 1], [1, 1], [0.5, 2], [NaN, 2], [0, Infinity], [0, 2 ** 53], ["0", 1]]) {
    assert.equal(await isIncluded(hash, index, size, [], hash), false);
    assert.equal(await isContinued(index + 1, size, [], hash, new Uint8Array(32).fill(1)), false);
  }
});

// --- what was kept ---------------------------------------------------------------------------------------------------

test("a kept file is known by its content", () => {
  assert.deepEqual(keptIn(newest(log)), { kind: "checkpoint", note: newest(log) });
  assert.deepEqual(keptIn(newest(log).replaceAll("\n", "\r\n")), { kind: "checkpoint", note: newest(log) });
  assert.deepEqual(keptIn(newest(log).trimEnd()), { kind: "checkpoint", note: newest(log) });
  assert.deepEqual(keptIn(`${log.key}\n`), { kind: "key", key: log.key });
  assert.deepEqual(keptIn(log.export), { kind: "export", note: newest(log), key: log.key });
  for (const text of ["", "{}", "null", "[]", '{"format":"x"}', "\n\n\n", "a\n1\nb\n", "\u0000".repeat(1000), "— ".repeat(1000)]) {
    assert.equal(keptIn(text), null, JSON.stringify(text).slice(0, 40));
  }
});

test("an export is never called proved: its events are not checked here", async () => {
  const key = await readKey(log.key);
  const compare = async (text) => compareKept(keptIn(text), key, await whole(log), consistency(log));
  const forged = `${log.export.split("\n")[0]}\n{"position":1,"data":"a lie"}\n`;
  for (const text of [log.export, forged]) {
    const { verdict, findings } = await compare(text);
    assert.equal(verdict, "partly");
    assert.match(findings.at(-1).words, /opencode-ledger audit verify FILE --key KEY/);
  }
  assert.equal((await compare(newest(log))).verdict, "sound");
  assert.equal((await compare(log.export.replace(/"key":"[^"]*"/, () => `"key":"${logs[0].key}"`))).verdict, "wrong");
});

// --- exact texts -----------------------------------------------------------------------------------------------------

test("an event's data stay as they were written, whatever is in them", () => {
  const texts = [
    '{"a":1.0,"b":1e3,"c":12345678901234567890}',
    '{"content":"}],\\"data\\":{ [","x":"\\\\"}',
    '{"2":1,"1":2,"__proto__":{"polluted":true},"constructor":1}',
    '{"content":"\\u202e \u202e \ud83d\uded2 \\ud83d","event":"clear"}',
    '{ "spaced" : [ 1 , { } , [ ] ] }',
    "{}",
  ];
  const event = (text, at) => `{"sequence":${at + 1},"position":${at + 7},"type":"clear","data":${text},"hash":"00"}`;
  const page = readLogPage("cb_a", `{"events":[${texts.map(event).join(",")}],"head":9,"next":6}`);
  assert.deepEqual(page.events.map(({ text }) => text), texts);
  assert.deepEqual([page.head, page.next, page.events[0].position], [9, 6, 7]);
  assert.equal({}.polluted, undefined);
});

test("an answer that is no page of the log is refused", () => {
  for (const text of ["", "[]", "null", '{"events":{}}', '{"events":[{"sequence":"x"}],"head":1}', '{"events":[],"head":1e99}', '{"events":[']) {
    assert.throws(() => readLogPage("cb_a", text), SyntaxError, text);
  }
});

test("the entry of an event is the one that the log's tree holds", async () => {
  const entry = await entryOf({ stream: "cb_a", sequence: 3, type: "output", text: "{}" });
  assert.equal(entry, "opencode-ledger event v1\ncb_a\n3\noutput\n44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a\n");
});

test("without WebCrypto or Ed25519 nothing is claimed, and words say why", async () => {
  const kept = Object.getOwnPropertyDescriptor(globalThis, "crypto");
  const given = { key: log.key, note: newest(log) };
  const real = globalThis.crypto.subtle;
  const broken = {
    none: undefined,
    old: {
      digest: (...all) => real.digest(...all),
      importKey: async () => {
        throw new DOMException("Unrecognized name.", "NotSupportedError");
      },
    },
  };
  try {
    for (const [name, words] of Object.entries({ none: /TLS/, old: /Ed25519/ })) {
      Object.defineProperty(globalThis, "crypto", { value: { subtle: broken[name] }, configurable: true });
      const made = await checkLog(given, { ...given, since: SINCE }, never);
      assert.equal(made.verdict, "unable");
      assert.match(headline(made), words);
      assert.match(headline(made), /^not checked/);
    }
    Object.defineProperty(globalThis, "crypto", { value: {}, configurable: true });
    const checkpoint = { origin: "x", size: 999, root: new Uint8Array(32), note: "" };
    assert.equal((await checkEvent(eventsOf(log)[0], checkpoint, inclusion(log), never)).verdict, "unable");
  } finally {
    Object.defineProperty(globalThis, "crypto", kept);
  }
});
