// What happened between two moments, counted: for the two handles of a timeline.

import { changedFiles } from "./changed_files.js";
import { tickOf } from "./moments.js";

/** @import { Recorded } from "./short_form.js" */
/** @import { ChangedFile } from "./changed_files.js" */
/**
 * @typedef {object} Difference
 * @property {number} events
 * @property {number} prompts
 * @property {Map<string, number>} tools calls, by tool
 * @property {number} failures
 * @property {{ allowed: number, rejected: number }} approvals
 * @property {ChangedFile[]} files
 * @property {number} cost in US dollars
 */

/** @param {Recorded[]} events @returns {Difference} */
export function differenceOf(events) {
  /** @type {Difference} */
  const made = {
    events: events.length,
    prompts: 0,
    tools: new Map(),
    failures: 0,
    approvals: { allowed: 0, rejected: 0 },
    files: changedFiles(events).files,
    cost: 0,
  };
  for (const event of events) count(made, event);
  return made;
}

/** @param {Difference} made @param {Recorded} event */
function count(made, event) {
  const { data } = event;
  if (event.event === "message_sent") made.prompts++;
  else if (event.event === "tool_use") made.tools.set(String(data.tool), (made.tools.get(String(data.tool)) ?? 0) + 1);
  else if (event.event === "usage") made.cost += Number(data.cost) || 0;
  else if (event.event === "permission" && data.action === "replied") made.approvals[data.reply === "reject" ? "rejected" : "allowed"]++;
  if (tickOf(event) === "error") made.failures++;
}
