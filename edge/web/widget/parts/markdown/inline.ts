/** Markdown within a line, as tokens. Nothing is ever read as HTML. */

export type Token =
  | { kind: "text"; text: string }
  | { kind: "code"; text: string }
  | { kind: "strong" | "em" | "del"; tokens: Token[] }
  | { kind: "link"; url: string; tokens: Token[] }
  | { kind: "image"; url: string; alt: string }
  | { kind: "reference"; name: string }
  | { kind: "break" };

/** How deep tokens stand in each other; deeper ones are text. */
const DEEPEST = 8;
/** How far the end of something is looked for: hostile text must cost no time. */
const FAR = 2_000;

const SPECIAL = /[\\`*_~[\]!<\n]|https?:\/\//g;
const ADDRESS = /https?:\/\/[^\s<>"'`|\\^{}，。；！？、（）]+/y;
const MARKS = ["***", "**", "*", "___", "__", "_", "~~"] as const;
const KINDS = { "*": "em", "**": "strong", _: "em", __: "strong", "~~": "del" } as const;

type Found = { token: Token; end: number } | undefined;

/** Reads a line. */
export function tokensOf(text: string, depth = 0): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  let plain = "";
  const flush = () => {
    if (plain) tokens.push({ kind: "text", text: plain });
    plain = "";
  };
  while (at < text.length) {
    SPECIAL.lastIndex = at;
    const next = SPECIAL.exec(text)?.index ?? text.length;
    plain += text.slice(at, next);
    if (next === text.length) break;
    const found = depth < DEEPEST ? special(text, next, depth) : undefined;
    at = found?.end ?? next + 1;
    if (!found) plain += text[next];
    else if (found.token.kind === "text") plain += found.token.text;
    else {
      flush();
      tokens.push(found.token);
    }
  }
  flush();
  return tokens;
}

function special(text: string, at: number, depth: number): Found {
  switch (text[at]) {
    case "\n":
      return { token: { kind: "break" }, end: at + 1 };
    case "\\":
      return /[!-/:-@[-`{-~]/.test(text[at + 1] ?? "")
        ? { token: { kind: "text", text: text[at + 1]! }, end: at + 2 }
        : undefined;
    case "`":
      return code(text, at);
    case "!":
      return text[at + 1] === "[" ? image(text, at) : undefined;
    case "[":
      return reference(text, at) ?? link(text, at, depth);
    case "<":
      return angled(text, at);
    case "h":
      return bare(text, at);
    default:
      return emphasis(text, at, depth);
  }
}

function code(text: string, at: number): Found {
  const ticks = /`+/y;
  ticks.lastIndex = at;
  const mark = ticks.exec(text)![0];
  const start = at + mark.length;
  const end = find(text, mark, start, (end) => text[end - 1] !== "`" && text[end + mark.length] !== "`");
  if (end === undefined) return { token: { kind: "text", text: mark }, end: start };
  return { token: { kind: "code", text: text.slice(start, end).trim() }, end: end + mark.length };
}

function emphasis(text: string, at: number, depth: number): Found {
  const mark = MARKS.find((mark) => text.startsWith(mark, at));
  if (!mark) return undefined;
  const start = at + mark.length;
  const word = (character: string | undefined) => /[\p{L}\p{N}]/u.test(character ?? "");
  if (/\s/.test(text[start] ?? " ") || (mark[0] === "_" && word(text[at - 1]))) return undefined;
  const closes = (end: number) =>
    !/\s/.test(text[end - 1]!) &&
    !(mark[0] === "_" && word(text[end + mark.length])) &&
    !(mark.length === 1 && text[end + 1] === mark);
  const end = find(text, mark, start + 1, closes);
  if (end === undefined) return undefined;
  const inner = tokensOf(text.slice(start, end), depth + 1);
  const token: Token =
    mark.length === 3
      ? { kind: "strong", tokens: [{ kind: "em", tokens: inner }] }
      : { kind: KINDS[mark as keyof typeof KINDS], tokens: inner };
  return { token, end: end + mark.length };
}

function link(text: string, at: number, depth: number): Found {
  const found = target(text, at);
  return (
    found && {
      token: { kind: "link", url: found.url, tokens: tokensOf(found.words, depth + 1) },
      end: found.end,
    }
  );
}

function image(text: string, at: number): Found {
  const found = target(text, at + 1);
  return found && { token: { kind: "image", url: found.url, alt: found.words }, end: found.end };
}

/** `[words](url "title")`, from its first bracket. */
function target(text: string, at: number): { words: string; url: string; end: number } | undefined {
  const close = matching(text, at, "[", "]");
  if (close === undefined || text[close + 1] !== "(") return undefined;
  const end = matching(text, close + 1, "(", ")");
  if (end === undefined) return undefined;
  const url = text
    .slice(close + 2, end)
    .trim()
    .split(/\s/)[0]!
    .replace(/^<|>$/g, "");
  return { words: text.slice(at + 1, close), url, end: end + 1 };
}

/** `[^name]`: a source that is told of below. */
function reference(text: string, at: number): Found {
  const named = /\[\^([\w-]{1,20})\]/y;
  named.lastIndex = at;
  const name = named.exec(text)?.[1];
  return name === undefined ? undefined : { token: { kind: "reference", name }, end: at + name.length + 3 };
}

function angled(text: string, at: number): Found {
  const address = /<((?:https?:\/\/|mailto:)[^\s<>]+)>/y;
  address.lastIndex = at;
  const url = address.exec(text)?.[1];
  return url === undefined ? undefined : { token: linkTo(url), end: at + url.length + 2 };
}

function bare(text: string, at: number): Found {
  ADDRESS.lastIndex = at;
  const url = ADDRESS.exec(text)?.[0].replace(/[.,;:!?*_~\])]+$/, "");
  return (url && { token: linkTo(url), end: at + url.length }) || undefined;
}

function linkTo(url: string): Token {
  return { kind: "link", url, tokens: [{ kind: "text", text: url }] };
}

/** Where `mark` stands next and satisfies `closes`, not too far away. */
function find(text: string, mark: string, from: number, closes: (at: number) => boolean): number | undefined {
  let at = text.indexOf(mark, from);
  while (at !== -1 && at - from < FAR) {
    if (closes(at)) return at;
    at = text.indexOf(mark, at + 1);
  }
  return undefined;
}

/** Where the bracket that opens at `at` is closed. */
function matching(text: string, at: number, open: string, close: string): number | undefined {
  let depth = 0;
  for (let here = at; here < text.length && here - at < FAR; here++) {
    if (text[here] === "\\") here += 1;
    else if (text[here] === open) depth += 1;
    else if (text[here] === close && --depth === 0) return here;
  }
  return undefined;
}
