// The few calls that the `worker` crate lacks, or makes in several crossings where one is enough.
// Everything here is plumbing: no decision is made in this file.

const CONN = Symbol("kefu.conn");

/// A conversation's or a site's SQLite storage. Statements that run often keep their text here.
export class Store {
  constructor(storage, insertEvent, putState, putMark) {
    this.storage = storage;
    this.sql = storage.sql;
    this.insertEventText = insertEvent;
    this.putStateText = putState;
    this.putMarkText = putMark;
    this.read = 0;
  }

  insertEvent(seq, sender, spoke, envelope, trace) {
    const rest = [sender ?? null, spoke ?? null, envelope, trace ?? null];
    this.sql.exec(this.insertEventText, seq, ...rest);
  }

  putState(id, value, version) {
    const written = this.sql.exec(this.putStateText, id, value, version).rowsWritten;
    if (written === 0) throw new Error("another instance of this object wrote meanwhile");
  }

  putMark(who, seq) {
    this.sql.exec(this.putMarkText, who, seq);
  }

  rows(text, params) {
    const cursor = this.sql.exec(text, ...params);
    const rows = [...cursor.raw()];
    this.read += cursor.rowsRead;
    return rows;
  }

  takeRead() {
    const read = this.read;
    this.read = 0;
    return read;
  }

  has(table) {
    const text = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?";
    return this.sql.exec(text, table).toArray().length > 0;
  }

  transaction(run) {
    this.storage.transactionSync(run);
  }

  setAlarm(at) {
    this.storage.setAlarm(at);
  }

  deleteAlarm() {
    this.storage.deleteAlarm();
  }
}

/// The hibernating sockets of an object, by the number that their attachment carries.
export class Sockets {
  constructor(ctx, ping, pong) {
    this.ctx = ctx;
    this.open = new Map();
    ctx.setWebSocketAutoResponse(new WebSocketRequestResponsePair(ping, pong));
    for (const socket of ctx.getWebSockets()) {
      // One that is closing is among them: its close event still has to find it.
      this.open.set(connOf(socket), socket);
    }
  }

  /// The attachments of all open sockets, as they were given to `accept`.
  attachments() {
    return [...this.open.values()].map((socket) => socket.deserializeAttachment()[1]);
  }

  /// Accepts a new socket and returns the response that hands its other end out.
  accept(conn, attachment, protocol) {
    const [client, server] = Object.values(new WebSocketPair());
    this.ctx.acceptWebSocket(server);
    server.serializeAttachment([conn, attachment]);
    server[CONN] = conn;
    this.open.set(conn, server);
    const headers = protocol ? { "sec-websocket-protocol": protocol } : {};
    return new Response(null, { status: 101, webSocket: client, headers });
  }

  send(conns, frame) {
    for (const conn of conns) {
      try {
        this.open.get(conn)?.send(frame);
      } catch {
        // It closed meanwhile; its close event comes or the next wake drops it.
        this.open.delete(conn);
      }
    }
  }

  close(conn, code, reason) {
    const socket = this.open.get(conn);
    this.open.delete(conn);
    try {
      socket?.close(code, reason);
    } catch {
      // Closed already.
    }
  }

  forget(conn) {
    this.open.delete(conn);
  }
}

/// The number of the socket that an event is about.
export function connOf(socket) {
  return (socket[CONN] ??= socket.deserializeAttachment()[0]);
}

export function answerClose(socket, code, reason) {
  try {
    // 1005 and 1006 say that no code came: they cannot be sent.
    socket.close(code === 1005 || code === 1006 ? 1000 : code, reason);
  } catch {
    // Closed already.
  }
}

/// A response body of stored pieces.
export function joined(pieces) {
  return new Blob(pieces);
}

export function variable(env, name) {
  const value = env[name];
  return typeof value === "string" ? value : undefined;
}

export function fineNow() {
  return performance.now();
}

export function startTimer(run, delay) {
  return setTimeout(run, delay);
}

export function stopTimer(timer) {
  clearTimeout(timer);
}

/// Gives the pieces of a response's body to `take` until it wants no more. Says whether the body
/// came to its end; nothing when that is not known.
export async function readBody(response, take) {
  const reader = response.body?.getReader();
  if (reader === undefined) return true;
  let piece;
  do {
    try {
      piece = await reader.read();
    } catch {
      return false;
    }
    if (piece.done) return true;
  } while (take(piece.value));
  return undefined;
}

/// The RS256 signature of a text by a key in PKCS #8.
export async function sign(key, text) {
  const rs256 = { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" };
  const made = await crypto.subtle.importKey("pkcs8", key, rs256, false, ["sign"]);
  const signature = await crypto.subtle.sign(rs256.name, made, new TextEncoder().encode(text));
  return new Uint8Array(signature);
}

/// Whether the binding of Workers AI is there.
export function runsModels(env) {
  return env.AI !== undefined;
}

/// The response of a model that the binding runs; `inputs` is JSON.
export async function runModel(env, model, inputs, signal) {
  return env.AI.run(model, JSON.parse(inputs), { returnRawResponse: true, signal });
}
