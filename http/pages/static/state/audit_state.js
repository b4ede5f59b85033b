// What the page knows of proofs: a part of its one state.

/** @import { LogCheck } from "../parts/proofs/check_log.js" */
/** @import { Finding, Verdict } from "../parts/proofs/findings.js" */
/** @import { Found } from "./erasures.js" */
/** @import { Range, Table } from "./log_table.js" */

/** @typedef {{ verdict: Verdict | null, findings: Finding[], checking: boolean, trouble: string | null }} Proof */
/** @typedef {{ name: string, verdict: Verdict, findings: Finding[] }} Comparison */

/**
 * @typedef {object} Audit
 * @property {LogCheck | null} log the last check of the whole log
 * @property {number} checkedAt milliseconds; 0 before the first check
 * @property {boolean} checking
 * @property {string | null} trouble why it could not be checked
 * @property {Map<string, Proof>} proofs by codebase and event: see `proofKey`
 * @property {Comparison[]} compared the files that were compared, the last one first
 * @property {Found | null} erasures
 * @property {Range | null} range the part of a codebase's log that was read
 * @property {Table} table how events are listed
 * @property {{ beside: boolean, turned: Set<string> }} changes how differences are laid out, and the files that a person folded or unfolded
 * @property {{ value: number, end: "since" | "at" } | null} drag where a handle of the timeline is held
 */

/** @returns {Audit} */
export const emptyAudit = () => ({
  log: null,
  checkedAt: 0,
  checking: false,
  trouble: null,
  proofs: new Map(),
  compared: [],
  erasures: null,
  range: null,
  table: { whole: false, kind: "", from: null, open: new Set() },
  changes: { beside: false, turned: new Set() },
  drag: null,
});

/** @param {string} codebase its id @param {number} sequence */
export const proofKey = (codebase, sequence) => `${codebase} ${sequence}`;
