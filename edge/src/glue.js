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
