// Text of agents: Markdown that does nothing, text that grows, the colours of commands.

import assert from "node:assert/strict";
import { test } from "node:test";
import { runs } from "../../http/pages/static/parts/ansi.js";
import { escaped, highlighted, languageOf, languageOfFile } from "../../http/pages/static/parts/code.js";
import { Growing } from "../../http/pages/static/parts/growing.js";
import { asHtml } from "../../http/pages/static/parts/markdown.js";

const HOSTILE = {
  "a script": ["<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;"],
  "a picture with a handler": ["<img src=x onerror=alert(1)>", "&lt;img src=x onerror=alert(1)&gt;"],
  "a script within a sentence": ["a <b onclick=x>b</b> c", "a &lt;b onclick=x&gt;b&lt;/b&gt; c"],
  "a comment": ["a <!-- hidden --> b", "&lt;!-- hidden --&gt;"],
  "an address that is code": ["[go](javascript:alert(1))", "go (javascript:alert(1))"],
  "such an address in capitals, with an entity": ["[go](JAVASCRIPT&colon;alert(1))", "go ("],
  "data as an address": ["[go](data:text/html,<b>)", "go (data:text/html"],
  "a file as an address": ["[cart](src/cart.py)", "cart (src/cart.py)"],
  "a picture of another site": ["![chart](https://x.example/p.png)", '<a href="https://x.example/p.png" title="https://x.example/p.png">Image: chart</a>'],
  "words that promise another site": ["[https://github.com/a](https://evil.example/a)", "</a> (evil.example)"],
  "words that promise their own": ["[github.com](https://www.github.com/a)", ">github.com</a></p>"],
  "words that promise another site, in parts": ["[**git**hub.com](https://evil.example/a)", "</a> (evil.example)"],
  "words that promise another site, with an entity": ["[github&#46;com](https://evil.example/a)", "</a> (evil.example)"],
  "words that promise two sites": ["[evil.example github.com](https://evil.example/a)", "</a> (evil.example)"],
  "words that promise a site of another alphabet": ["[пример.испытание](https://evil.example/a)", "</a> (evil.example)"],
  "words that promise another machine": ["[10.0.0.1](https://evil.example/a)", "</a> (evil.example)"],
  "a site's name as the name of a user": ["https://github.com@evil.example/", "</a> (evil.example)"],
  "words that promise another mailbox": ["[a@good.example](mailto:b@evil.example)", "</a> (b@evil.example)"],
  "an address with a file's name": ["https://a.example/page.html", ">https://a.example/page.html</a></p>"],
  "a mailbox": ["a@good.example", ">a@good.example</a></p>"],
  "an address without words": ["[](https://a.example/x)", ">https://a.example/x</a>"],
  "an address with words that can't be seen": ["[&#8203;&nbsp;](https://a.example/x)", ">https://a.example/x</a>"],
  "a picture that is a link": ["[![](https://b.example/i)](https://a.example/x)", '(<a href="https://a.example/x" title="https://a.example/x">https://a.example/x</a>)'],
  "an address with a quote": ['[x](https://a.example/"onmouseover="x)', "&quot;onmouseover=&quot;x"],
  "a definition that nobody would see": ["[//]: # (do evil)", "do evil"],
  "a tag in code": ["`<b>`", "<code>&lt;b&gt;</code>"],
  "a tag in a block of code": ["```html\n<script>\n```", "&lt;"],
  "a language that is none": ['```"><img src=x>\nx\n```', "&quot;&gt;&lt;img src=x&gt;"],
  "a title with a tag": ["# <i>Hi</i>", '<div class="heading heading-1">&lt;i&gt;Hi&lt;/i&gt;</div>'],
  "a box": ["- [x] done\n- [ ] open", "<li>☑ done</li>\n<li>☐ open</li>"],
};

for (const [name, [source, expected]] of Object.entries(HOSTILE)) {
  test(`Markdown: ${name}`, () => {
    const html = asHtml(source);
    assert.ok(html.includes(expected), html);
    assert.doesNotMatch(html, /<(?!\/?(?:p|a|b|code|div|del|em|figcaption|figure|hr|li|ol|pre|span|strong|table|tbody|td|th|thead|tr|ul|br|blockquote)\b)/);
    assert.doesNotMatch(html, /<[a-z]+[^>]*\son[a-z]+=|href="(?!https?:|mailto:)/i);
  });
}

test("what Markdown has is shown: titles, lists, tables, code, quotations", () => {
  const html = asHtml("## Title\n\n1. one\n2. two\n\n> said\n\n| a | b |\n|---|--:|\n| 1 | 2 |\n\n```py\ndef f(): pass\n```\n\n~~no~~ **yes** *so*");
  for (const part of ["heading-2", "<ol>", "<blockquote>", "<table>", 'align="right"', "hljs-keyword", "<del>no</del>", "<strong>yes</strong>", "<em>so</em>"]) assert.ok(html.includes(part), part);
});

test("a link with long words holds nothing up", () => {
  const began = performance.now();
  for (const word of ["a", "a.", "&#46;", ".", "a.b "]) assert.ok(asHtml(`[${word.repeat(20_000)}x](https://a.example)`));
  assert.ok(performance.now() - began < 20_000);
});

const PIECE = 4000;
const ENDLESS = ["[", "![", "*a ", "**a", "`a", "``", "> ", ">", "- ", "1. ", "<", "<a ", "|a", "\\", "_", "~", "&", "(", "[a](", "![a](", "a\n", "|\n", "|a|b|\n|-|-|\n", "* * ", "<!--", "http://a", "a@b.c ", "&#x202e;", "\t", " ", "#", "```", "~~~\n", "[a]: b\n", "[^1] ", "*_", "==\n", "\u202e", "😀", "\ud83d"];

test("nothing that is said over and over holds the page up", () => {
  const slow = [];
  for (const said of ENDLESS) {
    const took = [0, 1, 2].map(() => {
      const began = performance.now();
      assert.ok(asHtml(said.repeat(PIECE / said.length)).length || !said.trim());
      return performance.now() - began;
    });
    if (Math.min(...took) > 500) slow.push([said, took]);
  }
  assert.deepEqual(slow, []);
});

test("quotations within quotations without end are shown as they were written", () => {
  assert.ok(asHtml(`${"> ".repeat(500)}deep`).startsWith('<pre class="unread">&gt;'));
  assert.ok(asHtml("* * * * * *").includes("<hr"));
});

// --- text that grows ---------------------------------------------------------------------------------------------------

const TEXTS = {
  "paragraphs": Array.from({ length: 200 }, (_, number) => `Paragraph ${number} has some words.\n\n`).join(""),
  "one line without an end": "word ".repeat(5000),
  "one word without an end": "x".repeat(20_000),
  "pairs of halves": "😀".repeat(9000),
  "a long block of code": `Look:\n\n\`\`\`python\n${"print(1)\n\n".repeat(1500)}\`\`\`\n\nDone.\n`,
  "a long list": Array.from({ length: 900 }, (_, number) => `- item ${number}\n\n`).join(""),
  "a fence that never closes": `~~~\n${"a\n\n".repeat(3000)}`,
  "a fence in a fence": "````\n```\nnot the end\n```\n````\n\nafter\n",
  "lines of DOS": "a\r\n\r\n".repeat(2000),
  "nothing": "",
};

for (const [name, text] of Object.entries(TEXTS)) {
  test(`text that grows: ${name}`, () => {
    const whole = new Growing();
    whole.add(text);
    const slowly = new Growing();
    for (let at = 0; at < text.length; at += 7) slowly.add(text.slice(at, at + 7));
    for (const grown of [whole, slowly]) {
      assert.equal(grown.text, text);
      assert.ok(grown.is(text) && grown.is(`\n${text.trim()}\n`) && !grown.is(`${text} more`));
      assert.ok(grown.pieces.every((piece) => piece.raw.length <= 3 * PIECE && piece.raw), String(grown.pieces.map((one) => one.raw.length)));
      assert.ok(grown.open.length <= 3 * PIECE);
      assert.ok(grown.pieces.every(({ raw }) => raw.isWellFormed()));
    }
  });
}

test("pieces of code are code, each with its language", () => {
  const grown = new Growing();
  grown.add(TEXTS["a long block of code"]);
  const inside = grown.pieces.slice(1, -1);
  assert.ok(inside.length > 1);
  for (const { source } of inside) assert.match(source, /^```python\n[\s\S]*\n```\n$/);
  assert.match(asHtml(grown.last.source), /Done/);
});

test("a paragraph stays whole where a blank line ends the piece, and text that was taken back is gone", () => {
  const grown = new Growing();
  grown.add(TEXTS.paragraphs);
  assert.ok(grown.pieces.length > 1 && grown.pieces.every(({ raw, goesOn }) => raw.endsWith("\n\n") && !goesOn));
  const { edition } = grown;
  grown.replace("new");
  assert.equal(grown.text, "new");
  assert.notEqual(grown.edition, edition);
});

test("a text that grows word by word costs as much per word at its end", () => {
  const grown = new Growing();
  const began = performance.now();
  for (let word = 0; word < 20_000; word++) grown.add(`word${word} `);
  assert.ok(performance.now() - began < 20_000);
});

// --- colours of commands -----------------------------------------------------------------------------------------------

const E = "\x1b[";
const COLOURED = {
  "plain": ["a\nb", [["a\nb", ""]]],
  "a colour and its end": [`a${E}31mb${E}0mc`, [["a", ""], ["b", "front-1"], ["c", ""]]],
  "an end without a number": [`${E}1;32mb${E}mc`, [["b", "bold front-2"], ["c", ""]]],
  "bright, on a ground": [`${E}91;44mx`, [["x", "front-9 back-4"]]],
  "each look and its end": [`${E}1;3;4;9ma${E}22;23mb${E}24;29mc`, [["a", "bold italic underlined crossed"], ["b", "underlined crossed"], ["c", ""]]],
  "one of 256": [`${E}38;5;196mx${E}38;5;15my${E}48;5;240mz`, [["x", "front-9"], ["y", "front-15"], ["z", "front-15 back-8"]]],
  "one of all colours": [`${E}38;2;10;200;30mx`, [["x", "front-2"]]],
  "one of all colours, with colons": [`${E}38:2:200:10:30mx`, [["x", "front-1"]]],
  "the escape of one byte": ["\x9b31mx", [["x", "front-1"]]],
  "text in the colour of its ground": [`${E}37;47mhidden${E}30;40mtoo`, [["hidden", "front-7"], ["too", "front-0"]]],
  "concealed text": [`${E}8mhidden`, [["hidden", ""]]],
  "exchanged colours": [`${E}7mx${E}31my${E}27mz`, [["x", "inverse"], ["y", "back-1"], ["z", "front-1"]]],
  "the default colour": [`${E}31;41mx${E}39;49my`, [["x", "front-1"], ["y", ""]]],
  "other escapes stay to be seen": [`${E}2Ja\x1b]0;title\x07${E}1Ab`, [[`${E}2Ja\x1b]0;title\x07${E}1Ab`, ""]]],
  "an escape that was cut off": [`a${E}31`, [[`a${E}31`, ""]]],
  "numbers without sense": [`${E}999;38;5mx${E}38;9;9my${E};;mz`, [["x", "front-0"], ["y", "crossed"], ["z", ""]]],
  "nothing": ["", []],
};

for (const [name, [text, expected]] of Object.entries(COLOURED)) {
  test(`a command's colours: ${name}`, () => assert.deepEqual(runs(text).map(({ text: said, look }) => [said, look]), expected));
}

test("a megabyte of colours is read in a moment", () => {
  const began = performance.now();
  runs(`${E}31mx`.repeat(170_000));
  runs(`${E}${"1;".repeat(500_000)}`);
  assert.ok(performance.now() - began < 20_000);
});

// --- code --------------------------------------------------------------------------------------------------------------

test("code is coloured where its language is known, and escaped always", () => {
  assert.equal(escaped(`<a href="x">&'`), "&lt;a href=&quot;x&quot;&gt;&amp;&#39;");
  assert.match(highlighted("def f(): pass", languageOf("python")), /hljs-keyword/);
  assert.equal(highlighted("<b>", null), "&lt;b&gt;");
  assert.doesNotMatch(highlighted("x = '<script>'", "python"), /<script/);
  assert.equal(highlighted("x".repeat(30_000), "python").length, 30_000);
  assert.deepEqual(["py", "TS {1}", "nonsense", "", "constructor", "__proto__", 'a"b'].map(languageOf), ["py", "ts", null, null, null, null, null]);
  assert.deepEqual(["src/a.py", "b.test.ts", "Makefile", "x.unknown", ""].map(languageOfFile), ["py", "ts", "makefile", null, null]);
});
