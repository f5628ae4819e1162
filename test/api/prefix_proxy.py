"""A reverse proxy that serves the program below a path of its own, as `location /crypto/ { proxy_pass http://.../; }` does."""

import contextlib
import http.client
import http.server
import threading


@contextlib.contextmanager
def prefix_proxy(prefix, port):
    """Gives the base address of a proxy in front of 127.0.0.1:port; anything not below `prefix` is 404."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            if not self.path.startswith(prefix + "/"):
                self.send_error(404)
                return
            upstream = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
            upstream.request("GET", self.path.removeprefix(prefix), headers={"X-Forwarded-Prefix": prefix})
            answer = upstream.getresponse()
            body = answer.read()
            upstream.close()
            self.send_response(answer.status)
            for name in ("Content-Type", "Link", "ETag"):
                if answer.headers[name]:
                    self.send_header(name, answer.headers[name])
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}{prefix}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
