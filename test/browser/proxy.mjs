// A proxy in front of a server, as an administrator would put one there: it maps
// /crypto/ to the server's root. It also counts, which a page cannot be asked for:
// the streams that are open, and what was asked outside of the path.
import { createServer, request as ask } from "node:http";

export const PREFIX = "/crypto";

/** Out: the page's address, what was seen, and stop(). `target`: the server's address; setTarget() moves to another. */
export async function startProxy(target, { prefix = PREFIX } = {}) {
  const streams = new Map(); // response -> path
  const seen = [];
  const outside = [];
  const proxy = createServer((request, response) => {
    seen.push(request.url);
    if (!request.url.startsWith(`${prefix}/`)) {
      outside.push(request.url);
      response.writeHead(404).end();
      return;
    }
    const path = request.url.slice(prefix.length);
    const { host, ...headers } = request.headers;
    const upstream = ask(new URL(path, target), { headers }, (answer) => {
      if (path.startsWith("/api/v1/stream")) streams.set(response, path);
      response.writeHead(answer.statusCode, answer.headers);
      answer.pipe(response);
      answer.on("error", () => response.destroy());
    });
    upstream.on("error", () => response.destroy());
    response.on("close", () => {
      upstream.destroy();
      streams.delete(response);
    });
    request.pipe(upstream);
  });
  await new Promise((resolve) => proxy.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${proxy.address().port}${prefix}`,
    /** The streams that are open now. */
    streams: () => [...streams.values()],
    seen,
    outside,
    setTarget: (other) => (target = other),
    stop: () => {
      proxy.closeAllConnections();
      return new Promise((resolve) => proxy.close(resolve));
    },
  };
}
