// What an auditor does on the page: check the log, prove an event, compare what was kept, read the log itself.

import { checkEvent } from "../parts/proofs/check_event.js";
import { checkLog, compareKept } from "../parts/proofs/check_log.js";
import { findErasure } from "../parts/proofs/find_erasure.js";
import { keptIn, LARGEST } from "../parts/proofs/kept_file.js";
import { erasureIn } from "../parts/proofs/leaf.js";
import { readLogPage } from "../parts/proofs/log_page.js";
import { clock } from "../parts/times.js";
import { proofKey } from "./audit_state.js";
import { wordsOf } from "./connection.js";
import { Erasures } from "./erasures.js";
import { forgetLog, keepLog, keptLog } from "./kept_log.js";
import { LogTable } from "./log_table.js";
import { codebaseOf } from "./store.js";

/** @import { Ledger } from "../client/ledger.js" */
/** @import { Finding, Verdict } from "../parts/proofs/findings.js" */
/** @import { LogCheck } from "../parts/proofs/check_log.js" */
/** @import { Audit, Comparison, Proof } from "./audit_state.js" */
/** @import { Address } from "./address.js" */
/** @import { Store } from "./store.js" */

const AGAIN = 20_000; // milliseconds between two checks while the log grows
const LATER = 60_000; // and after one that failed

/** Checks what the service says with the browser's own cryptography. */
export class Auditing {
  /** @param {Store} store @param {Ledger} ledger @param {string} root the path of the service */
  constructor(store, ledger, root) {
    this.store = store;
    this.ledger = ledger;
    this.root = root;
    /** @type {Promise<LogCheck | null> | null} */
    this.running = null;
    this.here = "";
    this.table = new LogTable(store, ledger);
    this.erasures = new Erasures(store, ledger);
  }

  get audit() {
    return this.store.state.audit;
  }

  /** The page is at another address, or the codebase of the address became known. @param {Address} address */
  arrived({ codebase, session, event, view, since, at }) {
    const found = codebaseOf(this.store.state)?.id ?? null;
    const here = `${found ?? codebase} ${session} ${event}`;
    if (this.here !== here) this.table.show({ from: null, open: new Set() });
    const alone = view === "events" && event !== null && session === null; // an event of the codebase, of no session
    if (this.here !== here && alone && found) {
      this.table.show({ whole: true });
      this.table.around(found, event);
    }
    this.here = here;
    const { range } = this.audit;
    const wanted = view === "sessions" && since !== null;
    if (wanted && found && (range?.codebase !== found || range.of !== `${since} ${at}`)) this.table.between(found, since, at);
  }

  /** Check again where the log has grown since. Called once a second. */
  tick() {
    const { state } = this.store;
    const { audit } = state;
    if (state.away || state.login.needed || document.visibilityState === "hidden") return;
    const waited = Date.now() - audit.checkedAt;
    const position = state.read["ready"]?.value?.position ?? 0;
    const due = audit.trouble ? waited > LATER : !audit.checkedAt || (waited > AGAIN && position > (audit.log?.checkpoint?.size ?? 0));
    if (due) this.check();
  }

  /** Check the newest checkpoint: its signature, its key, and that it continues the one that this browser kept. */
  check = () => {
    this.running ??= this.checked().finally(() => void (this.running = null));
    return this.running;
  };

  /** @returns {Promise<LogCheck | null>} */
  async checked() {
    this.store.change(() => void (this.audit.checking = true));
    const changes = { checkedAt: Date.now(), checking: false };
    try {
      const [key, note] = await Promise.all([this.ledger.publicKey(), this.ledger.checkpoint()]);
      const known = keptLog(this.root);
      const kept = known && { ...known, since: `by this browser at ${clock(known.at, Date.now())}` };
      const log = await checkLog({ key: key.trim(), note }, kept, this.ledger.consistencyProof);
      if (log.checkpoint && log.key && log.verdict !== "wrong" && log.verdict !== "unable") {
        keepLog(this.root, { key: log.key.text, note, at: Date.now() });
      }
      this.store.change(() => void Object.assign(this.audit, { ...changes, log, trouble: null }));
      return log;
    } catch (error) {
      this.store.change(() => void Object.assign(this.audit, { ...changes, trouble: wordsOf(error) }));
      return null;
    }
  }

  /** Forget the key and the checkpoint that this browser kept, as after a backup was restored. */
  forget = () => {
    forgetLog(this.root);
    this.store.change(() => void (this.audit.log = null));
    return this.check();
  };

  /**
   * Prove that an event is in the signed log.
   * @param {string} codebase its id @param {number} sequence its number in the codebase
   */
  prove = async (codebase, sequence) => {
    const name = proofKey(codebase, sequence);
    if (this.audit.proofs.get(name)?.checking) return;
    /** @type {Proof} */
    const made = { verdict: null, findings: [], checking: true, trouble: null };
    this.store.change(() => void this.audit.proofs.set(name, made));
    try {
      const event = await this.eventAt(codebase, sequence);
      const { verdict, findings } = await this.proved(event);
      this.store.change(() => void Object.assign(made, { verdict, findings, checking: false }));
    } catch (error) {
      this.store.change(() => void Object.assign(made, { trouble: wordsOf(error), checking: false }));
    }
  };

  /** @param {import("../parts/proofs/check_event.js").ExactEvent} event */
  async proved(event) {
    const known = this.audit.log;
    const last = Math.max(event.position, erasureIn(event.text)?.by ?? 0);
    const covered = known?.checkpoint && known.checkpoint.size >= last && known.verdict !== "wrong";
    const log = covered ? known : await this.check();
    if (!log) throw new Error(this.audit.trouble ?? "The checkpoint could not be read.");
    if (!log.checkpoint) return { verdict: log.verdict, findings: log.findings };
    const made = await checkEvent(event, log.checkpoint, this.ledger.inclusionProof, findErasure(this.ledger));
    const ofLog = log.verdict === "wrong" ? log.findings.filter((one) => one.holds === false) : log.findings;
    return { verdict: log.verdict === "wrong" ? log.verdict : made.verdict, findings: [...made.findings, ...ofLog] };
  }

  /**
   * The event as the log has it; its data are those that the page shows, where it shows the event already.
   * @param {string} codebase @param {number} sequence
   */
  async eventAt(codebase, sequence) {
    const json = await this.ledger.codebase(codebase).logText({ after: sequence - 1, limit: 1 });
    const [event] = readLogPage(codebase, json).events;
    if (event?.sequence !== sequence) throw new Error(`The log has no event ${sequence} of this codebase.`);
    const { session } = this.store.state;
    const shown = session?.codebase === codebase ? session.events.find(({ id }) => id === sequence) : null;
    return { ...event, text: shown?.raw ?? event.text };
  }

  /**
   * Compare files that somebody kept with the log: checkpoints, public keys, exports.
   * @param {Iterable<File>} files
   */
  compare = async (files) => {
    for (const file of files) {
      const made = await this.compared(file).catch((error) => failed(wordsOf(error)));
      this.store.change(() => void this.audit.compared.unshift({ name: file.name, ...made }));
    }
  };

  /** @param {{ beside?: boolean }} changes */
  lay = (changes) => this.store.change(({ audit }) => void Object.assign(audit.changes, changes));

  /** Fold a file, or unfold it. @param {string} path */
  turnFile = (path) =>
    this.store.change(({ audit: { changes } }) => {
      if (!changes.turned.delete(path)) changes.turned.add(path);
    });

  /** @param {Audit["drag"]} drag */
  hold = (drag) => this.store.change(({ audit }) => void (audit.drag = drag));

  /** @param {File} file */
  async compared(file) {
    const kept = keptIn(await file.slice(0, LARGEST).text());
    if (!kept) return failed("This file is no checkpoint, no public key, and no export of a log.");
    const log = await this.check();
    if (!log?.checkpoint || !log.key) return failed(this.audit.trouble ?? "The service's own checkpoint is not one to compare with.");
    return compareKept(kept, log.key, log.checkpoint, this.ledger.consistencyProof);
  }
}

/** @param {string} words @returns {{ verdict: Verdict, findings: Finding[] }} */
const failed = (words) => ({ verdict: "unable", findings: [{ holds: false, words }] });
