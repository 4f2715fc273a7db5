import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { blocksOf, type Block } from "../widget/parts/markdown/blocks";
import { tokensOf, type Token } from "../widget/parts/markdown/inline";

const blocks = (text: string): Block[] => blocksOf(text).map(({ block }) => block);
const text = (said: string): Token => ({ kind: "text", text: said });

test("blocks are told apart", () => {
  const kinds = blocks(
    "# One\n\ntwo\nlines\n\n- a\n- b\n\n1. c\n\n> d\n\n```js\ne\n```\n\n---\n\n|f|g|\n|-|-|\n|h|i|",
  );
  assert.deepEqual(
    kinds.map(({ kind }) => kind),
    ["heading", "paragraph", "list", "list", "quote", "code", "rule", "table"],
  );
});

test("a block keeps its source, so that what does not change is not drawn again", () => {
  const [first, second] = blocksOf("one\n\n- two\n- three");
  assert.deepEqual([first?.source, second?.source], ["one", "- two\n- three"]);
});

test("a fence that is not closed yet is code to the end", () => {
  assert.deepEqual(blocks("```sql\nselect 1;\n\nselect"), [
    { kind: "code", language: "sql", text: "select 1;\n\nselect" },
  ]);
});

test("lists stand in lists, with tasks and numbers", () => {
  const [list] = blocks("3. one\n   - [x] done\n   - [ ] open\n4. two");
  assert.ok(list?.kind === "list" && list.start === 3 && list.items.length === 2);
  const inner = list.items[0]?.blocks[1];
  assert.ok(inner?.kind === "list");
  assert.deepEqual(
    inner.items.map(({ done }) => done),
    [true, false],
  );
});

test("a table has aligned columns and escaped bars", () => {
  const [table] = blocks("| a | b \\| c |\n|:-:|--:|\n| 1 | 2 |\nafter");
  assert.deepEqual(table, {
    kind: "table",
    align: ["center", "end"],
    head: ["a", "b | c"],
    rows: [["1", "2"]],
  });
});

test("words are marked within a line", () => {
  assert.deepEqual(tokensOf("a **b _c_** `d*` ~~e~~"), [
    text("a "),
    { kind: "strong", tokens: [text("b "), { kind: "em", tokens: [text("c")] }] },
    text(" "),
    { kind: "code", text: "d*" },
    text(" "),
    { kind: "del", tokens: [text("e")] },
  ]);
});

test("marks that mark nothing are text", () => {
  for (const said of ["2 * 3 * 4", "snake_case_name", "a ** b", "[not a link]", "5 < 6", "`", "**"]) {
    assert.deepEqual(tokensOf(said), [text(said)], said);
  }
});

test("Chinese beside a mark is marked all the same", () => {
  assert.deepEqual(tokensOf("请**尽快**处理"), [
    text("请"),
    { kind: "strong", tokens: [text("尽快")] },
    text("处理"),
  ]);
});

test("addresses end before what closes a sentence", () => {
  const link = (url: string) => ({ kind: "link", url, tokens: [text(url)] });
  assert.deepEqual(tokensOf("见https://shop.example/a。"), [
    text("见"),
    link("https://shop.example/a"),
    text("。"),
  ]);
  assert.deepEqual(tokensOf("(https://shop.example)."), [
    text("("),
    link("https://shop.example"),
    text(")."),
  ]);
  assert.deepEqual(tokensOf('[a](https://b.example/(c) "d")'), [
    { kind: "link", url: "https://b.example/(c)", tokens: [text("a")] },
  ]);
});

test("sources are told of and told", () => {
  assert.deepEqual(tokensOf("so[^1]"), [text("so"), { kind: "reference", name: "1" }]);
  assert.deepEqual(blocks("[^1]: [Guide](https://a.example)"), [
    { kind: "source", name: "1", text: "[Guide](https://a.example)" },
  ]);
});

test("no payload becomes more than text, links and marks", () => {
  const kinds = new Set(["text", "code", "strong", "em", "del", "link", "image", "reference", "break"]);
  const check = (tokens: readonly Token[]): void => {
    for (const token of tokens) {
      assert.ok(kinds.has(token.kind));
      if ("tokens" in token) check(token.tokens);
    }
  };
  for (const list of ["naughty", "markdown"]) {
    for (const line of readFileSync(`tests/fixtures/xss/${list}.txt`, "utf8").split("\n"))
      check(tokensOf(line));
  }
});

test("hostile text costs no time", () => {
  const long = 60_000;
  const started = performance.now();
  for (const piece of [
    "*a ",
    "[",
    "![",
    "`",
    "`` ",
    "> ",
    "- ",
    "**_",
    "<",
    "|-",
    "[a](",
    "\n\n",
    "  - a\n",
    "_a",
    "~~",
  ]) {
    blocksOf(piece.repeat(long / piece.length)).forEach(({ source }) => tokensOf(source));
  }
  assert.ok(performance.now() - started < 5_000, `${performance.now() - started} ms`);
});
