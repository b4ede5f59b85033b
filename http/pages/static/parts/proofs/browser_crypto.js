// What the browser itself computes: SHA-256 and Ed25519. Nothing is claimed where it can't.

/** This browser can't check anything here. The message is for people. */
export class CannotCheck extends Error {}

const INSECURE =
  "This page came without TLS from another machine, and browsers compute no hashes there. Open it over https:// or as localhost.";
const NO_ED25519 =
  "This browser can't check Ed25519 signatures. Chromium can from version 137 on, Firefox from 129 on, Safari from 17 on.";

/** The cryptography of the browser. Throws `CannotCheck`. */
function subtle() {
  const found = globalThis.crypto?.subtle;
  if (!found) throw new CannotCheck(INSECURE);
  return found;
}

/** @param {Uint8Array<ArrayBuffer>} bytes */
export const sha256 = async (bytes) => new Uint8Array(await subtle().digest("SHA-256", bytes));

/**
 * Whether the owner of a public key signed these bytes.
 * @param {Uint8Array<ArrayBuffer>} key @param {Uint8Array<ArrayBuffer>} signature @param {Uint8Array<ArrayBuffer>} text
 */
export async function isSigned(key, signature, text) {
  const crypto = subtle();
  let known;
  try {
    known = await crypto.importKey("raw", key, { name: "Ed25519" }, false, ["verify"]);
  } catch (error) {
    if (/** @type {Error} */ (error).name === "NotSupportedError") throw new CannotCheck(NO_ED25519);
    return false; // these 32 bytes are no public key
  }
  return crypto.verify({ name: "Ed25519" }, known, signature, text);
}
