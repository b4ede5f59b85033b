// The beginning of the page: its parts are put together here, and nowhere else.

import { render } from "./vendored/lit-html/lit-html.js";
import { page } from "./screens/page.js";
import { Actions } from "./state/actions.js";
import { followAddress } from "./state/address.js";
import { Auditing } from "./state/auditing.js";
import { Connection } from "./state/connection.js";
import { keepingFocus } from "./state/focus.js";
import { listenToKeys } from "./state/keyboard.js";
import { ledger, login, ROOT } from "./state/login.js";
import { Notices } from "./state/notices.js";
import { Overviews } from "./state/overviews.js";
import { Readings } from "./state/readings.js";
import { Store } from "./state/store.js";

const SECOND = 1000;
const LOOK = 30 * SECOND; // between two looks at what no stream brings: whether the service is ready

const store = new Store((state) => {
  notices.show(state);
  keepingFocus(() => render(page(state, actions), place));
});
const place = /** @type {HTMLElement} */ (document.getElementById("page"));
const notices = new Notices(store);
const overviews = new Overviews(store);
const readings = new Readings(store, ledger, (name, value) => {
  if (name === "permissions") notices.arrived(value);
  if (name === "codebases") {
    overviews.listed(value);
    actions.arrive();
  }
});
const connection = new Connection(store, ledger, (event) => {
  overviews.take(event, readings);
  actions.arrive();
});
const actions = new Actions(store, ledger, connection, readings, notices);
actions.audit = new Auditing(store, ledger, ROOT.pathname);
connection.returned = () => actions.returned();

store.change((state) => void (state.login.known = login.known()));
listenToKeys(store, actions);
followAddress((address) => actions.follow(address));
actions.begin();
setInterval(() => document.hidden || store.change((state) => void (state.now = Date.now())), SECOND);
setInterval(() => actions.audit.tick(), SECOND);
setInterval(() => document.hidden || store.state.away || readings.again("ready", "service"), LOOK);
document.addEventListener("visibilitychange", () => document.hidden || store.change((state) => void (state.now = Date.now())));
