// Carries a conversation's frames to an HTTP response. The object at the other end of the socket
// has written them as server-sent events already.

const BEAT = new TextEncoder().encode(": still here\n\n");

/// A body of everything that comes over the socket, with a comment every `beatEvery` ms: only a
/// write shows that a client has gone.
export function eventStream(socket, beatEvery) {
  const encoder = new TextEncoder();
  let beat;
  const stop = () => {
    clearInterval(beat);
    socket.close(1000, "");
  };
  return new ReadableStream({
    start(controller) {
      const end = () => {
        clearInterval(beat);
        try {
          controller.close();
        } catch {
          // The client was the first to go.
        }
      };
      socket.addEventListener("message", (event) => controller.enqueue(encoder.encode(event.data)));
      socket.addEventListener("close", end);
      socket.addEventListener("error", end);
      socket.accept();
      beat = setInterval(() => {
        // A reader that lets this much pile up comes back with its cursor instead.
        if (controller.desiredSize < -1000) stop(), end();
        else controller.enqueue(BEAT);
      }, beatEvery);
    },
    cancel: stop,
  });
}

// One socket to an agent, joined with one to the desk and one to each conversation that is open.
// Which of them gets a frame, and what an end means, is decided by whoever listens.
export class Junction {
  constructor() {
    [this.client, this.server] = Object.values(new WebSocketPair());
    this.server.binaryType = "arraybuffer";
    this.server.accept();
    // By name: a socket, or what waits for one.
    this.joined = new Map();
    this.over = false;
  }

  listen(heard, ended, finished) {
    this.ended = ended;
    this.finished = finished;
    this.server.addEventListener("message", (event) => {
      if (!this.over) heard(event.data);
    });
    this.server.addEventListener("close", () => this.end(1000));
    this.server.addEventListener("error", () => this.end(1000));
  }

  /// The response that hands the agent's end out.
  response(protocol) {
    const headers = protocol ? { "sec-websocket-protocol": protocol } : {};
    return new Response(null, { status: 101, webSocket: this.client, headers });
  }

  /// The agent's end, for a body that carries it.
  takeClient() {
    return this.client;
  }

  /// A socket is on its way: what is forwarded meanwhile waits for it.
  reserve(name) {
    this.joined.set(name, { waiting: [] });
  }

  join(name, socket) {
    const place = this.joined.get(name);
    socket.binaryType = "arraybuffer";
    socket.accept();
    if (this.over || !place) return close(socket);
    place.socket = socket;
    socket.addEventListener("message", (event) => this.send(event.data));
    const gone = (code) => {
      if (this.joined.get(name) === place && !this.over) this.ended(name, code);
    };
    socket.addEventListener("close", (event) => gone(event.code));
    socket.addEventListener("error", () => gone(1006));
    for (const data of place.waiting) socket.send(data);
  }

  forward(name, data) {
    const place = this.joined.get(name);
    if (place?.socket) place.socket.send(data);
    else place?.waiting.push(data);
  }

  part(name) {
    const place = this.joined.get(name);
    this.joined.delete(name);
    if (place?.socket) close(place.socket);
  }

  send(data) {
    try {
      this.server.send(data);
    } catch {
      // It closed meanwhile; its close event comes.
    }
  }

  end(code) {
    if (this.over) return;
    this.over = true;
    for (const { socket } of this.joined.values()) if (socket) close(socket);
    this.joined.clear();
    close(this.server, code);
    // Nothing is called any more.
    this.finished?.();
  }
}

function close(socket, code = 1000) {
  try {
    socket.close(code, "");
  } catch {
    // Closed already.
  }
}
