// What a person can do on the page: each command is one request, its failure is said in words, and none is sent twice.

import { LedgerApiError } from "../client/ledger.js";
import { HOME, hashOf } from "./address.js";
import { asksForLogin, wordsOf } from "./connection.js";
import { login } from "./login.js";
import { codebaseOf, linksOf, sessionOf } from "./store.js";

/** @import { AgentConfig, ChangeCodebase, ChangeTask, CodebasePermission, Ledger, ListedCodebase, ReplyPermission, Work } from "../client/ledger.js" */
/** @import { Address } from "./address.js" */
/** @import { Auditing } from "./auditing.js" */
/** @import { Connection } from "./connection.js" */
/** @import { Notices } from "./notices.js" */
/** @import { Readings } from "./readings.js" */
/** @import { State, Store } from "./store.js" */

/** @typedef {{ codebase: string, title: string, prompt: string, priority?: number } & Work} Planned */

/** The commands of the page. Screens call them and wait for nothing: what comes of it is in the state. */
export class Actions {
  /**
   * @param {Store} store
   * @param {Ledger} ledger
   * @param {Connection} connection
   * @param {Readings} readings
   * @param {Notices} notices
   */
  constructor(store, ledger, connection, readings, notices) {
    this.store = store;
    this.ledger = ledger;
    this.connection = connection;
    this.readings = readings;
    /** The commands whose trouble is that the service didn't answer. @type {Set<string>} */
    this.unanswered = new Set();
    this.audit = /** @type {Auditing} */ (/** @type {unknown} */ (null)); // set where the page is put together
    /** Switch notifications on or off. */
    this.notify = notices.turn;
  }

  // --- where the page is ---------------------------------------------------------------------------------------------

  /** @param {Partial<Address>} address the members that aren't those of the home view */
  go = (address) => void (location.hash = hashOf({ ...HOME, ...address }));

  /** @param {Partial<Address>} changes members of the present address, which can be gone back to */
  turn = (changes) => this.go({ ...this.store.state.address, ...changes });

  /** @param {Partial<Address>} changes as `turn`, but in place of the present address: for what changes with each key */
  replace = (changes) => location.replace(hashOf({ ...this.store.state.address, ...changes }));

  /** @param {string | null} chosen */
  choose = (chosen) => this.store.change((state) => void (state.chosen = chosen));

  /** @param {boolean} [shown] */
  showKeys = (shown) => this.store.change((state) => void (state.keysShown = shown ?? !state.keysShown));

  /** @param {string} source */
  dismiss = (source) => this.store.change((state) => void state.troubles.delete(source));

  /** @param {string} source @param {string} words what went wrong */
  say = (source, words) => this.store.change((state) => void state.troubles.set(source, words));

  /** The service answers again: that it didn't is no news any more. */
  returned() {
    this.store.change((state) => this.unanswered.forEach((name) => state.troubles.delete(name)));
    this.unanswered.clear();
    this.readings.again(...this.readings.needed());
  }

  retryNow = () => this.connection.start();

  // --- commands ------------------------------------------------------------------------------------------------------

  /**
   * Do something once at a time. `name` says what it is, for the state's `doing` and `troubles`.
   *
   * @param {string} name
   * @param {() => Promise<unknown>} work
   * @param {string[]} changed the readings that it changes
   * @returns {Promise<boolean>} whether it was done
   */
  async act(name, work, changed = []) {
    const { state } = this.store;
    if (state.doing.has(name)) return false;
    this.unanswered.delete(name);
    this.store.change(() => void state.doing.add(name));
    try {
      await work();
      this.store.change(() => void state.troubles.delete(name));
      return true;
    } catch (error) {
      if (asksForLogin(error)) this.store.change(() => void (state.login.needed = true));
      if (!(error instanceof LedgerApiError)) this.unanswered.add(name);
      this.say(name, wordsOf(error));
      return false;
    } finally {
      this.store.change(() => void state.doing.delete(name));
      this.readings.again(...changed);
    }
  }

  /**
   * Ask before something that can't be taken back.
   *
   * @param {string} words
   * @param {string} label of the button that does it
   * @param {() => void} run
   */
  confirm = (words, label, run) => this.store.change((state) => void (state.confirming = { words, label, run }));

  /** @param {boolean} yes */
  confirmed = (yes) => {
    const asked = this.store.state.confirming;
    this.store.change((state) => void (state.confirming = null));
    if (yes) asked?.run();
  };

  /** The codebase of the view, by its id. */
  here() {
    const codebase = codebaseOf(this.store.state);
    if (!codebase) throw new Error("This codebase isn't there.");
    return this.ledger.codebase(codebase.id);
  }

  // --- an agent ------------------------------------------------------------------------------------------------------

  /** @param {string} prompt @param {Work} [work] */
  start = (prompt, work) =>
    this.act("say", async () => {
      const { address } = this.store.state;
      await this.here().trigger(prompt, work);
      if (this.store.state.address === address) this.turn({ view: "session", session: null, event: null });
    });

  /** @param {string} message @param {Pick<Work, "model" | "agent">} [work] */
  send = (message, work) => this.act("say", () => this.here().message(message, work));

  interrupt = () => this.act("interrupt", () => this.here().interrupt());

  /** Stop the agent of the view, as it is now: neither another codebase's, nor a session that began since. */
  stop = () => {
    const codebase = codebaseOf(this.store.state);
    if (!codebase) return;
    const { id, overview } = codebase;
    const stop = () => {
      const now = this.store.state.codebases.get(id)?.overview.session?.id;
      if (now !== overview.session?.id) this.say("stop", `Nothing was stopped: the agent of ${codebase.name} works on another session now.`);
      else this.act("stop", () => this.ledger.codebase(id).stop());
    };
    this.confirm(`Stop ${this.called(codebase)}? Its session ends and can't be resumed.`, "Stop", stop);
  };

  /** How a question calls a codebase: with its path where the name alone says too little. @param {ListedCodebase} codebase */
  called = (codebase) => (linksOf(this.store.state.codebases)(codebase) === codebase.name ? codebase.name : `${codebase.name} (${codebase.path})`);

  /** Allow what an agent asks for, from now on: a single key does that only after a question. @param {CodebasePermission} asked */
  always = (asked) => {
    const codebase = this.store.state.codebases.get(asked.codebase.id);
    const covers = asked.always.length ? ` It covers: ${asked.always.join(", ")}` : "";
    const words = `Always allow ${asked.tool} in ${codebase ? this.called(codebase) : asked.codebase.name}?${covers}`;
    this.confirm(words, "Always allow", () => this.answer(asked, "always"));
  };

  /**
   * Answer what an agent asks.
   *
   * @param {{ id: string, codebase: { id: string } }} permission
   * @param {ReplyPermission["reply"]} reply
   * @param {{ message?: string, answers?: string[][] }} [more]
   */
  answer = (permission, reply, more) =>
    this.act(
      `answer ${permission.id}`,
      () => this.ledger.codebase(permission.codebase.id).answer(permission.id, reply, more),
      ["permissions"],
    );

  // --- codebases -----------------------------------------------------------------------------------------------------

  /** @param {string} path @param {string} name @param {AgentConfig} config */
  register = (path, name, config) =>
    this.act(
      "register",
      async () => {
        const { address } = this.store.state;
        const made = await this.ledger.register(path, name, { agent_config: config });
        if (this.store.state.address === address) this.go({ view: "session", codebase: linksOf(this.store.state.codebases)({ id: made.nameOrId, name }) });
      },
      ["codebases"],
    );

  /** @param {ChangeCodebase} changes */
  change = (changes) => this.act("change", () => this.here().change(changes), ["codebases"]);

  /** @param {string} name */
  rename = async (name) => {
    const { address } = this.store.state;
    const id = codebaseOf(this.store.state)?.id ?? "";
    if ((await this.change({ name })) && this.store.state.address === address) this.turn({ codebase: linksOf(this.store.state.codebases)({ id, name }) });
  };

  /** Import what was run with opencode itself. */
  sync = () => this.act("sync", () => this.here().sync(), ["sessions"]);

  remove = () => {
    const codebase = codebaseOf(this.store.state);
    if (!codebase) return;
    const { address } = this.store.state;
    const remove = async () => {
      await this.ledger.codebase(codebase.id).delete();
      if (this.store.state.address === address) this.go({});
    };
    const words = `Remove ${this.called(codebase)} from this service? Its agent is stopped. The directory stays, and so does the log.`;
    this.confirm(words, "Remove", () => this.act("remove", remove, ["codebases", "permissions"]));
  };

  // --- tasks ---------------------------------------------------------------------------------------------------------

  /**
   * Queue the same task for each of these codebases. Those that took it aren't asked again when another one fails.
   *
   * @param {string[]} codebases
   * @param {Omit<Planned, "codebase">} task
   */
  plan = async (codebases, { title, prompt, ...work }) => {
    const left = [...codebases];
    if (!left.length) {
      this.say("plan", "Choose a codebase.");
      return { done: false, left };
    }
    const done = await this.act(
      "plan",
      async () => {
        for (const id of codebases) {
          await this.ledger.codebase(id).addTask(title, prompt, work);
          left.shift();
        }
      },
      ["tasks", "queue"],
    );
    return { done, left };
  };

  /** @param {string} id @param {ChangeTask} changes */
  changeTask = (id, changes) => this.act(`task ${id}`, () => this.ledger.changeTask(id, changes), ["tasks", "queue"]);

  /**
   * Open a task to change its text, or close it.
   *
   * @param {string | null} id
   */
  edit = async (id) => {
    const { address } = this.store.state;
    await this.act(`task ${id}`, async () => {
      const editing = id === null ? null : await this.ledger.task(id);
      if (this.store.state.address === address) this.store.change((state) => void (state.editing = editing));
    });
  };

  /** @param {string} id */
  retryTask = (id) => this.act(`task ${id}`, () => this.ledger.retry(id), ["tasks", "queue"]);

  /** @param {{ id: string, status: string, title: string }} task */
  cancelTask = ({ id, status, title }) => {
    const cancel = () => this.act(`task ${id}`, () => this.ledger.cancel(id), ["tasks", "queue"]);
    if (status === "pending") cancel();
    else this.confirm(`Cancel the task “${title}”? Its session is stopped.`, "Cancel the task", cancel);
  };

  // --- the login -----------------------------------------------------------------------------------------------------

  /** @param {string} token */
  signIn = async (token) => {
    if (!(await this.act("sign in", () => login.start(token)))) return;
    this.store.change((state) => void (state.login = { needed: false, known: true }));
    this.begin();
  };

  signOut = async () => {
    if (await this.act("sign out", login.end)) location.reload();
  };

  /** Read and follow what the view needs: at the beginning, after a login, and when the service is there again. */
  begin() {
    this.connection.start();
    this.readings.again(...this.readings.needed());
    this.arrive();
  }

  /** The page goes elsewhere. What was asked or opened was about the view before. @param {Address} address */
  follow(address) {
    this.store.change((state) => void Object.assign(state, { address, chosen: null, confirming: null, editing: null }));
    this.arrive();
  }

  /** The view changed, or what it is about became known. */
  arrive() {
    const { state } = this.store;
    this.connection.open(codebaseOf(state)?.id ?? null, sessionOf(state));
    this.audit.arrived(state.address);
    this.readings.look();
  }
}
