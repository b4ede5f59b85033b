// A file that somebody kept: a checkpoint, a public key, or an export, whose first line has both.

/** @typedef {{ kind: "checkpoint", note: string } | { kind: "key", key: string } | { kind: "export", note: string, key: string }} KeptFile */

export const LARGEST = 2 ** 20; // characters that are looked at; an export's first line is shorter

/**
 * What a file is, by its content; null where it is none of these.
 * @param {string} text @returns {KeptFile | null}
 */
export function keptIn(text) {
  const whole = text.replace(/\r\n/g, "\n"); // as some editors and mail programs keep it
  if (/^\S+\+[0-9a-f]{8}\+[A-Za-z0-9+/]+=*\s*$/.test(whole)) return { kind: "key", key: whole.trim() };
  if (/^[^\n]+\n[0-9]+\n[^\n]+\n(.*\n)*\n— /.test(whole)) return { kind: "checkpoint", note: whole.endsWith("\n") ? whole : `${whole}\n` };
  try {
    const { format, checkpoint, key } = JSON.parse(whole.split("\n", 1)[0] ?? "") ?? {};
    const ours = format === "opencode-ledger export v1" && typeof checkpoint === "string" && typeof key === "string";
    return ours ? { kind: "export", note: checkpoint, key } : null;
  } catch {
    return null;
  }
}
