// A dialog over the page: it takes the keyboard while it is open and gives it back where it was.

import { html } from "../vendored/lit-html/lit-html.js";
import { ref } from "../vendored/lit-html/directives/ref.js";

/** Open it once it is part of the page. @param {Element | undefined} made */
function open(made) {
  const dialog = /** @type {HTMLDialogElement | undefined} */ (made);
  queueMicrotask(() => dialog?.isConnected && !dialog.open && dialog.showModal());
}

/**
 * @param {string} title
 * @param {() => void} close
 * @param {unknown} content
 */
export const modal = (title, close, content) => html`<dialog aria-labelledby="dialog-title" ${ref(open)} @close=${close}>
  <h2 id="dialog-title">${title}</h2>
  ${content}
</dialog>`;
