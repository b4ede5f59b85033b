// How long things took and what they cost, in a few words.

import { money, short } from "./money.js";
import { duration } from "./times.js";

const TENTHS = 9950; // milliseconds below which tenths of a second are said

/** Milliseconds of a recorded time; NaN where it can't be read. @param {unknown} time */
export const moment = (time) => (typeof time === "string" ? Date.parse(time) : Number.NaN);

/** The time between two recorded ones, such as `0.2 s`; empty where one can't be read. @param {unknown} from @param {unknown} until */
export function took(from, until) {
  const milliseconds = moment(until) - moment(from);
  if (Number.isNaN(milliseconds)) return "";
  return milliseconds < TENTHS ? `${(Math.max(milliseconds, 0) / 1000).toFixed(1)} s` : duration(milliseconds + 500);
}

/** What was used, in words: `9.8k tokens in, 117 out, $0.03`. @param {{ input: number, output: number, cached?: number, cost: number }} used */
export function spent({ input, output, cached = 0, cost }) {
  const tokens = input || output || cached ? [`${short(input + cached)} tokens in`, `${short(output)} out`] : [];
  return [...tokens, ...(cost ? [money(cost)] : [])].join(", ");
}
