// What an erasure leaves of an event: structure and marks alone. See domain/erasure/tombstones.py and scripts/verify.py.

const TOKEN = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null|[{}[\]:,]/y;

const named = (/** @type {string} */ names) => new Set(names.trim().split(/\s+/));

/** The members that an erasure leaves as they are. */
export const LEFT = named(`
  about action additions agent agent_message_id agent_permission_id agent_session_id agent_type attempt before by
  call_id code codebase codebase_id correlation_id cost created_at decided_by deletions diff_missing digests ended_at
  exit_code expires_at fingerprint finish id imported key kind left_out message_id model parent_id part_id
  path_encoding permission_id priority read reason replaces reply retry_of revision role schema_version session_id
  started_at status subagent success task_id times timestamp tokens tool type via waiting whole_bytes whole_id
  whole_kept whole_kept_sha256 whole_missing whole_sha256 worker_id
`);
export const NESTED = named("answer tools"); // their own members are judged by their names
export const FREE = named("agent_config args metadata"); // the names of their members are content too
export const AMOUNTS = named("digests tokens"); // they hold values by name

/** @typedef {Record<string, unknown>} Members */

/** @param {unknown} value @returns {value is object} a list or an object */
const isMany = (value) => typeof value === "object" && value !== null;

/** @param {string} name @param {unknown} value */
const stays = (name, value) => LEFT.has(name) && (AMOUNTS.has(name) || !isMany(value));

/**
 * Whether this tombstone has nothing but structure and marks in it, written as the service writes it.
 * @param {string} text the data of an event @param {string} type
 */
export function isBlank(text, type) {
  try {
    const members = /** @type {unknown} */ (JSON.parse(text));
    if (!isMany(members) || Array.isArray(members) || !isCompact(text, members)) return false;
    const own = Object.entries(members).filter(([name]) => name !== "erased");
    const emptied = own.some(([name, value]) => !stays(name, value) || (name === "whole_id" && value));
    return emptied && own.every(([name, value]) => isEmptied(name, value, type));
  } catch {
    return false; // no JSON, or nested far deeper than any event of the service
  }
}

/** @param {string} name @param {unknown} value @param {string} type @returns {boolean} */
function isEmptied(name, value, type) {
  if (stays(name, value)) return true;
  if (NESTED.has(name)) return isShaped(value);
  if (typeof value === "string") return value === "" || (value === "[erased]" && type !== "output");
  return isMany(value) ? Object.keys(value).length === 0 : value === null || value === false || Object.is(value, 0);
}

/** Whether a nested value has names and structure alone. @param {unknown} value @returns {boolean} */
function isShaped(value) {
  if (Array.isArray(value)) return value.every((item) => isMany(item) && !Array.isArray(item) && isShaped(item));
  if (!isMany(value)) return true;
  return Object.entries(value).every(([name, item]) =>
    FREE.has(name) || typeof item === "string" ? isEmptied(name, item, "") : isShaped(item),
  );
}

/** Whether a JSON text has no blank, no needless escape and no name twice. @param {string} text @param {object} value */
function isCompact(text, value) {
  let colons = 0;
  for (TOKEN.lastIndex = 0; TOKEN.lastIndex < text.length; ) {
    const token = TOKEN.exec(text)?.[0];
    if (token === undefined) return false;
    if (token === ":") colons++;
    if (token.startsWith('"') && !isPlain(token)) return false;
  }
  return colons === countNames(value);
}

/** @param {string} token */
function isPlain(token) {
  const value = JSON.parse(token);
  return JSON.stringify(value) === token && !/\p{Surrogate}/u.test(value);
}

/** @param {object} value @returns {number} */
function countNames(value) {
  const items = Object.values(value);
  const inner = items.reduce((sum, item) => sum + (isMany(item) ? countNames(item) : 0), 0);
  return inner + (Array.isArray(value) ? 0 : items.length);
}
