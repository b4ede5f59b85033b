// Markdown as HTML that does nothing: HTML in it is shown as text, images are links, and links lead to web pages alone.
// `prose.js` puts it into the page, through a sanitiser.

import { Marked } from "../vendored/marked/marked.esm.js";
import { escaped, highlighted, languageOf } from "./code.js";

const DEEPEST = 40; // quotations within each other, after which Markdown is shown as it was written
const WEB = /^(?:https?:\/\/|mailto:)/i;

/** @param {string} href */
const addressOf = (href) => (WEB.test(href) && URL.canParse(href) ? href : null);

const ENTITIES = new Map([["amp", "&"], ["lt", "<"], ["gt", ">"], ["quot", '"'], ["period", "."], ["sol", "/"], ["commat", "@"]]);

/** @param {string} html what a link's words became @returns {string} what a person reads */
const textOf = (html) => html.replace(/<[^>]*>/g, "").replace(/&(?:#(\d{1,7})|#x([\da-f]{1,6})|(\w{1,40}));/gi, (_, ten, hex, name) => (name ? (ENTITIES.get(name) ?? " ") : codePoint(ten ? Number(ten) : parseInt(hex, 16))));

const codePoint = (/** @type {number} */ number) => (number <= 0x10ffff ? String.fromCodePoint(number) : " ");

const HOST = /^(?:\d{1,3}(?:\.\d{1,3}){3}|.+\.\p{L}[\p{L}\p{N}-]+)$/u;

/** All that looks like a site's name. @param {string} words */
const hostsIn = (words) => words.normalize("NFKC").replaceAll("\u3002", ".").toLowerCase().split(/[^\p{L}\p{N}.-]+/u).map((word) => word.replace(/^\.+|\.+$/g, "")).filter((word) => HOST.test(word));

/** Where a link leads, if its words name another place. @param {string} text what a person reads @param {string} href */
function elsewhere(text, href) {
  const { protocol, host, hostname, username, pathname } = new URL(href);
  if (text === href && !username) return null;
  if (protocol === "mailto:") return text !== pathname && hostsIn(text).length ? pathname : null;
  return hostsIn(text).some((named) => hostname !== named && !hostname.endsWith(`.${named}`)) ? host : null;
}

/** @param {string} inner HTML @param {string} words @param {string} href */
function link(inner, words, href) {
  if (!addressOf(href)) return words === href ? inner : `${inner} (${escaped(href)})`;
  const text = textOf(inner).trim();
  const to = (/** @type {string} */ content) => `<a href="${escaped(href)}" title="${escaped(href)}">${content}</a>`;
  if (inner.includes("<a ")) return `${inner} (${to(escaped(href))})`; // a link in a link would end it
  if (!text.replace(/[\p{C}\p{Z}\p{M}]/gu, "")) return to(escaped(href));
  const other = elsewhere(text, href);
  return `${to(inner)}${other ? ` (${escaped(other)})` : ""}`;
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
