// What the page says outside of its window: the count in the title and the icon, and notifications where asked for.

import { oneLine } from "../parts/visible.js";

/** @import { AllPermissions, CodebasePermission } from "../client/ledger.js" */
/** @import { State, Store } from "./store.js" */

const KEPT = "opencode-ledger notifications";
const NAME = "opencode-ledger";

/** Keeps the title and the icon up to date, and notifies of what is new. */
export class Notices {
  /** @param {Store} store */
  constructor(store) {
    this.store = store;
    /** @type {Set<string> | null} */
    this.known = null;
    this.shown = "";
    const permission = globalThis.Notification?.permission ?? "unsupported";
    store.state.notices = { permission, on: permission === "granted" && localStorage.getItem(KEPT) === "on" };
  }

  /** Switch notifications on or off. The browser asks the person the first time. */
  turn = async () => {
    const { notices } = this.store.state;
    const permission = notices.on ? notices.permission : await Notification.requestPermission();
    const on = !notices.on && permission === "granted";
    localStorage.setItem(KEPT, on ? "on" : "off");
    this.store.change((state) => void (state.notices = { permission, on }));
  };

  /** @param {AllPermissions} waiting */
  arrived({ permissions }) {
    const fresh = permissions.filter(({ id }) => this.known && !this.known.has(id));
    this.known = new Set(permissions.map(({ id }) => id));
    if (this.store.state.notices.on && document.visibilityState === "hidden") fresh.forEach(notify);
  }

  /** @param {State} state */
  show({ read, away }) {
    const count = read["permissions"]?.value?.total ?? 0;
    const title = away ? `(away) ${NAME}` : count ? `(${count}) ${NAME}` : NAME;
    if (title === this.shown) return;
    document.title = this.shown = title;
    const icon = /** @type {HTMLLinkElement} */ (document.querySelector("link[rel=icon]"));
    icon.href = `dashboard/looks/icon${count ? "-waiting" : ""}.svg`;
  }
}

/** @param {CodebasePermission} asked */
function notify({ id, kind, tool, codebase }) {
  const words = kind === "question" ? "An agent asks a question." : `An agent asks for permission to use ${tool}.`;
  const notice = new Notification(oneLine(codebase.name), { body: oneLine(words), tag: id });
  notice.onclick = () => {
    focus();
    location.hash = `#/inbox/${id}`;
  };
}
