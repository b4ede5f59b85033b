// The badge in the header: what this browser itself found out about the log. The service's word alone makes nothing sound.

import { html, nothing } from "../vendored/lit-html/lit-html.js";
import { grouped } from "../parts/proofs/findings.js";
import { headline } from "../parts/proofs/check_log.js";
import { clock } from "../parts/times.js";
import { oneLine, visibleProse } from "../parts/visible.js";

/** @import { State } from "../state/store.js" */

/** @typedef {{ look: string, sign: string, words: string, title: string }} Shown */

/** @param {State} state */
export function badge(state) {
  const shown = whatToShow(state);
  if (!shown) return nothing;
  const { look, sign, words, title } = shown;
  return html`<a class="badge ${look}" id="badge" href="#/proof" title=${visibleProse(title)}><span aria-hidden="true">${sign}</span> ${oneLine(words)}</a>`;
}

/**
 * What the badge says. What the service itself says is wrong comes first, then what the check found.
 * @param {State} state @returns {Shown | null}
 */
export function whatToShow({ audit, read, now }) {
  const ready = read["ready"]?.value;
  const wrong = ready ? [ready.log, ready.views].filter((one) => one !== "ok").join(" ") : "";
  if (wrong) return { look: "bad", sign: "✗", words: wrong, title: "The service says so itself." };
  if (audit.trouble) return { look: "warn", sign: "?", words: "log not checked", title: audit.trouble };
  if (!audit.log) return audit.checking ? { look: "", sign: "…", words: "checking the log", title: "" } : null;
  return checked(audit.log, ready?.position ?? 0, `Checked in this browser at ${clock(audit.checkedAt, now)}.`);
}

/** @param {import("../parts/proofs/check_log.js").LogCheck} log @param {number} position @param {string} when @returns {Shown} */
function checked(log, position, when) {
  const title = [when, ...log.findings.map((finding) => finding.words)].join("\n");
  if (log.verdict === "wrong") return { look: "bad", sign: "✗", words: headline(log), title };
  if (log.verdict === "unable") return { look: "warn", sign: "?", words: "log not checked", title };
  const size = log.checkpoint?.size ?? 0;
  const more = position > size ? `, ${grouped(position - size)} not covered yet` : "";
  if (log.verdict === "first") return { look: "warn", sign: "·", words: `log signed at ${grouped(size)}${more}`, title };
  return { look: more ? "warn" : "good", sign: more ? "·" : "✓", words: `log sound to ${grouped(size)}${more}`, title };
}
