// The form for a token, where the service wants one.

import { html, nothing } from "../vendored/lit-html/lit-html.js";
import { oneLine } from "../parts/visible.js";

/** @import { Actions } from "../state/actions.js" */
/** @import { State } from "../state/store.js" */

/**
 * @param {State} state
 * @param {Actions} actions
 */
export function signIn(state, actions) {
  const failed = state.troubles.get("sign in");
  const enter = (/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    const form = /** @type {HTMLFormElement} */ (event.currentTarget);
    actions.signIn(String(new FormData(form).get("token")));
  };
  return html`<form id="sign-in" @submit=${enter}>
    <h2>Sign in</h2>
    <p>This service needs a token. It is sent once; the browser then keeps a cookie that no script can read.</p>
    <label>Token <input name="token" type="password" autocomplete="current-password" required /></label>
    ${failed ? html`<p class="bad" role="alert">${oneLine(failed)}</p>` : nothing}
    <button ?disabled=${state.doing.has("sign in")}>Sign in</button>
  </form>`;
}
