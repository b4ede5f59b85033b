// The lines of a patch that change something, for a short look at it.

const HEADER = /^(Index: |={10,}$|--- |\+\+\+ )/;

/**
 * @param {string} patch
 * @returns {{ sign: string, text: string }[]}
 */
export function lines(patch) {
  const all = patch.replace(/\n$/, "").split("\n");
  const first = all.findIndex((line) => line.startsWith("@@"));
  const kept = all.filter((line, number) => number >= first || !HEADER.test(line));
  return kept.map((line) => (/^[-+ ]/.test(line) ? { sign: line.slice(0, 1), text: line.slice(1) } : { sign: "", text: line }));
}
