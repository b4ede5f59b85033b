// What a session used: tokens and dollars.

/** No tokens yet, and no cost. */
export const nothingUsed = () => ({ input: 0, output: 0, cached: 0, reasoning: 0, cost: 0 });

/** A number out of a log, which may have anything. @param {unknown} value */
export const amount = (value) => (typeof value === "number" && Number.isFinite(value) ? value : 0);
