/** Markdown's blocks, from lines. What is not finished yet, as in a stream, is read as far as it is. */

export type Align = "start" | "center" | "end";

export type Block =
  | { kind: "paragraph"; text: string }
  | { kind: "heading"; level: number; text: string }
  | { kind: "code"; language: string; text: string }
  | { kind: "quote"; blocks: Block[] }
  | { kind: "list"; start: number | undefined; items: Item[] }
  | { kind: "table"; align: Align[]; head: string[]; rows: string[][] }
  | { kind: "source"; name: string; text: string }
  | { kind: "rule" };

export interface Item {
  /** Whether a task is done; undefined for what is no task. */
  done: boolean | undefined;
  blocks: Block[];
}

/** How deep quotes and lists are read; deeper ones are text. */
const DEEPEST = 6;

const FENCE = /^ {0,3}(`{3,}|~{3,})\s*([\w+#.-]*)/;
const HEADING = /^ {0,3}(#{1,6})\s+(.*?)\s*#*$/;
const RULE = /^ {0,3}([-*_])( *\1){2,} *$/;
const QUOTE = /^ {0,3}> ?/;
const BULLET = /^( {0,3})([-*+]|\d{1,9}[.)])( +|$)/;
const TASK = /^\[([ xX])\]\s+/;
const DELIMITERS = /^ {0,3}\|?( *:?-+:? *\|)+( *:?-+:? *)?$/;
const SOURCE = /^ {0,3}\[\^([\w-]{1,20})\]: +(.*)$/;

/** Reads a text; each block comes with the lines it was made of. */
export function blocksOf(text: string): { source: string; block: Block }[] {
  return read(text.replace(/\r\n?/g, "\n").split("\n"), 0);
}

function read(lines: readonly string[], depth: number): { source: string; block: Block }[] {
  const found: { source: string; block: Block }[] = [];
  let at = 0;
  while (at < lines.length) {
    if (!lines[at]!.trim()) {
      at += 1;
      continue;
    }
    const [block, next] = one(lines, at, depth);
    found.push({ source: lines.slice(at, next).join("\n"), block });
    at = next;
  }
  return found;
}

/** The block that begins at a line, and the line after it. */
function one(lines: readonly string[], at: number, depth: number): [Block, number] {
  const line = lines[at]!;
  const fence = FENCE.exec(line);
  if (fence) return code(lines, at, fence[1]!, fence[2] ?? "");
  const heading = HEADING.exec(line);
  if (heading) return [{ kind: "heading", level: heading[1]!.length, text: heading[2]! }, at + 1];
  if (RULE.test(line)) return [{ kind: "rule" }, at + 1];
  const source = SOURCE.exec(line);
  if (source) return [{ kind: "source", name: source[1]!, text: source[2]! }, at + 1];
  if (depth < DEEPEST && QUOTE.test(line)) return quote(lines, at, depth);
  if (depth < DEEPEST && BULLET.test(line)) return list(lines, at, depth);
  if (line.includes("|") && DELIMITERS.test(lines[at + 1] ?? "")) return table(lines, at);
  return paragraph(lines, at);
}

function code(lines: readonly string[], at: number, fence: string, language: string): [Block, number] {
  const isEnd = (line: string) => line.trim().startsWith(fence) && !line.trim().replaceAll(fence[0]!, "");
  let end = at + 1;
  while (end < lines.length && !isEnd(lines[end]!)) end += 1;
  return [{ kind: "code", language, text: lines.slice(at + 1, end).join("\n") }, end + 1];
}

function quote(lines: readonly string[], at: number, depth: number): [Block, number] {
  let end = at;
  while (end < lines.length && QUOTE.test(lines[end]!)) end += 1;
  const inner = lines.slice(at, end).map((line) => line.replace(QUOTE, ""));
  return [{ kind: "quote", blocks: blocksIn(inner, depth) }, end];
}

function list(lines: readonly string[], at: number, depth: number): [Block, number] {
  const first = BULLET.exec(lines[at]!)![2]!;
  const ordered = /\d/.test(first);
  const items: Item[] = [];
  let next = at;
  while (next < lines.length) {
    const mark = BULLET.exec(lines[next]!);
    if (!mark || /\d/.test(mark[2]!) !== ordered || RULE.test(lines[next]!)) break;
    const end = itemEnd(lines, next, mark[0].length);
    items.push(item(lines.slice(next, end), mark[0].length, depth));
    next = end;
    // A blank line between two items does not part them.
    while (next < lines.length && !lines[next]!.trim() && BULLET.test(lines[next + 1] ?? "")) next += 1;
  }
  return [{ kind: "list", start: ordered ? parseInt(first, 10) : undefined, items }, next];
}

/** Where an item ends: at the next mark that is not inside it, or at a blank line with less after it. */
function itemEnd(lines: readonly string[], at: number, width: number): number {
  const inside = (line: string | undefined) =>
    line !== undefined && /^(\s*)/.exec(line)![1]!.length >= Math.min(width, 2);
  let end = at + 1;
  while (end < lines.length) {
    const line = lines[end]!;
    if (line.trim() ? !inside(line) && startsBlock(line) : !inside(lines[end + 1])) break;
    end += 1;
  }
  return end;
}

function item(lines: readonly string[], width: number, depth: number): Item {
  const indent = new RegExp(`^ {0,${width}}`);
  const [first = "", ...rest] = lines;
  const own = first.slice(width);
  const task = TASK.exec(own);
  const inner = [task ? own.slice(task[0].length) : own, ...rest.map((line) => line.replace(indent, ""))];
  return { done: task ? task[1] !== " " : undefined, blocks: blocksIn(inner, depth) };
}

function table(lines: readonly string[], at: number): [Block, number] {
  const align = cells(lines[at + 1]!).map((cell): Align => {
    const right = cell.endsWith(":");
    return right ? (cell.startsWith(":") ? "center" : "end") : "start";
  });
  let end = at + 2;
  while (end < lines.length && lines[end]!.includes("|")) end += 1;
  const rows = lines.slice(at + 2, end).map(cells);
  return [{ kind: "table", align, head: cells(lines[at]!), rows }, end];
}

function cells(line: string): string[] {
  const inner = line.trim().replace(/^\|/, "").replace(/\|$/, "");
  return inner.split(/(?<!\\)\|/).map((cell) => cell.trim().replaceAll("\\|", "|"));
}

function paragraph(lines: readonly string[], at: number): [Block, number] {
  let end = at + 1;
  while (end < lines.length && lines[end]!.trim() && !startsBlock(lines[end]!)) end += 1;
  const text = lines
    .slice(at, end)
    .map((line) => line.trim())
    .join("\n");
  return [{ kind: "paragraph", text }, end];
}

/** Whether a line begins another block than the paragraph it follows. */
function startsBlock(line: string): boolean {
  return [FENCE, HEADING, RULE, QUOTE, BULLET, SOURCE].some((start) => start.test(line));
}

function blocksIn(lines: readonly string[], depth: number): Block[] {
  return read(lines, depth + 1).map(({ block }) => block);
}
