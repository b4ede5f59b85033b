// Markdown as HTML that does nothing: HTML in it is shown as text, images are links, and links lead to web pages alone.
// `prose.js` puts it into the page, through a sanitiser.

import { Marked } from "../vendored/marked/marked.esm.js";
import { escaped, highlighted, languageOf } from "./code.js";

const DEEPEST = 40; // quotations within each other, after which Markdown is shown as it was written
const WEB = /^(?:https?:\/\/|mailto:)/i;

/** @param {string} href */
const addressOf = (href) => (WEB.test(href) && URL.canParse(href) ? href : null);

/** What a link's words may promise: another site than it leads to. @param {string} words @param {string} href */
function elsewhere(words, href) {
  const named = /(?:[\w-]+\.)+[a-z]{2,}/i.exec(words)?.[0].toLowerCase();
  const host = URL.parse?.(href)?.host ?? hostOf(href);
  return named && host && host !== named && !host.endsWith(`.${named}`) ? host : null;
}

/** @param {string} href */
const hostOf = (href) => /^https?:\/\/(?:[^/@]*@)?([^/?#]*)/i.exec(href)?.[1]?.toLowerCase() ?? "";

/** @param {string} inner HTML @param {string} words @param {string} href */
function link(inner, words, href) {
  if (!addressOf(href)) return words === href ? inner : `${inner} (${escaped(href)})`;
  const other = elsewhere(words, href);
  return `<a href="${escaped(href)}" title="${escaped(href)}">${inner}</a>${other ? ` (${escaped(other)})` : ""}`;
}

/** @type {any} */
const RENDERER = {
  html: (/** @type {{ text: string }} */ { text }) => escaped(text),
  /** @this {any} @param {any} token */
  link({ href, tokens, text }) {
    return link(this.parser.parseInline(tokens), text, href);
  },
  image: (/** @type {{ href: string, text: string }} */ { href, text }) => link(`Image: ${escaped(text || href)}`, text || href, href),
  /** @this {any} @param {any} token */
  heading({ tokens, depth }) {
    return `<div class="heading heading-${depth}">${this.parser.parseInline(tokens)}</div>\n`;
  },
  def: (/** @type {{ raw: string }} */ { raw }) => `<p class="note">${escaped(raw.trim())}</p>\n`, // else nobody would see it
  checkbox: (/** @type {{ checked: boolean }} */ { checked }) => (checked ? "☑ " : "☐ "),
  code: (/** @type {{ text: string, lang?: string }} */ { text, lang = "" }) => codeBlock(text, lang),
};

/** @param {string} code @param {string} name */
function codeBlock(code, name) {
  const language = languageOf(name);
  const caption = name.trim() ? `<figcaption>${escaped(name.trim().slice(0, 60))}</figcaption>` : "";
  return `<figure class="code">${caption}<pre><code>${highlighted(code, language)}</code></pre></figure>\n`;
}

const marked = new Marked({ gfm: true, renderer: RENDERER });

/** Markdown as HTML. What can't be read as Markdown is shown as it was written. @param {string} source */
export function asHtml(source) {
  try {
    if (!tooDeep(source)) return /** @type {string} */ (marked.parse(source, { async: false }));
  } catch {
    // shown as it was written
  }
  return `<pre class="unread">${escaped(source)}</pre>`;
}

const OPENING = /^(?:\s*(?:>|[*+-]\s|\d{1,9}[.)]\s))*/; // quotations and lists that a line is in

/** @param {string} source */
const tooDeep = (source) => source.split("\n").some((line) => (OPENING.exec(line)?.[0].match(/[>*+-]|\d+[.)]/g)?.length ?? 0) > DEEPEST);
