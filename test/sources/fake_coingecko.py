"""A server on a free loopback port that speaks CoinGecko over TLS: prices of now, or whatever a script says, wrong lengths included."""

import dataclasses
import datetime
import gzip
import http.server
import json
import pathlib
import ssl
import threading
import time
import urllib.parse

RECORDINGS = pathlib.Path(__file__).resolve().parent.parent / "recordings"


@dataclasses.dataclass
class Answer:
    body: bytes = b""
    status: int = 200
    headers: dict = dataclasses.field(default_factory=dict)
    content_type: str = "application/json; charset=utf-8"
    length: int | None = None  # what Content-Length claims, if not the truth
    chunks_cut: bool = False  # a chunked body that ends in the middle of a chunk
    packed: bool = False  # gzip
    wait_s: float = 0


def recorded(name):
    """A recorded exchange with its own status and headers, its body byte for byte."""
    told = json.loads((RECORDINGS / f"{name}.json").read_text())
    headers = {key: value for key, value in told["headers"].items() if key in ("Cache-Control", "Age", "Retry-After")}
    return Answer((RECORDINGS / f"{name}.body").read_bytes(), told["status"], headers, told["headers"]["Content-Type"])


def prices(ids, price=100.5):
    now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    row = '{"id":"%s","symbol":"x","current_price":%s,"total_volume":7,"market_cap":null,"last_updated":"%s"}'
    return ("[" + ",".join(row % (coin, price, now) for coin in ids) + "]").encode()


def chart(days):
    end = int(time.time() // 300)  # a point's price is that of its time, whenever it is asked for
    points = [[point * 300_000, 100 + point % 7] for point in range(end - days * 288 + 1, end + 1)]
    return json.dumps({"prices": points, "market_caps": points, "total_volumes": points}).encode()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        url = urllib.parse.urlsplit(self.path)
        query = dict(urllib.parse.parse_qsl(url.query, keep_blank_values=True))
        self.server.seen.append((url.path, query, {key.lower(): value for key, value in self.headers.items()}))
        self.send(self.answer_to(url.path.removeprefix("/api/v3"), query))

    def answer_to(self, path, query):
        if path == "/coins/markets":
            with self.server.lock:
                if self.server.script:
                    return self.server.script.pop(0)
            return Answer(prices(query["ids"].split(",")))
        if path.endswith("/market_chart"):
            return Answer(chart(int(query["days"])))
        if path == "/ping":
            return self.server.ping or Answer(b'{"gecko_says":"(V3) To the Moon!"}')
        return Answer(b'{"error":"Incorrect path"}', 404)

    def send(self, answer):
        time.sleep(answer.wait_s)
        body = gzip.compress(answer.body) if answer.packed else answer.body
        self.send_response(answer.status)
        headers = {"Content-Type": answer.content_type, **answer.headers}
        if answer.packed:
            headers["Content-Encoding"] = "gzip"
        if answer.chunks_cut:
            headers["Transfer-Encoding"] = "chunked"
            body = b"%x\r\n%s\r\nfff\r\n[" % (len(body), body)
        else:
            headers["Content-Length"] = str(len(body) if answer.length is None else answer.length)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)
        if answer.chunks_cut or answer.length is not None:
            self.close_connection = True

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        pass  # a client that hangs up is what some tests want


class FakeCoinGecko:
    """Runs while the `with` block does. `certificate` None: plain HTTP."""

    def __init__(self, certificate=None, script=(), ping=None, port=0):
        self.server = Server(("127.0.0.1", port), Handler)
        self.server.seen, self.server.script, self.server.lock = [], list(script), threading.Lock()
        self.server.ping = ping
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate.chain, certificate.key)
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True, do_handshake_on_connect=False)
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05})

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()

    @property
    def url(self):
        return f"https://localhost:{self.server.server_port}/api/v3"

    @property
    def seen(self):
        """(path, query, headers) of every request so far."""
        return list(self.server.seen)

    def polls(self):
        return [entry for entry in self.seen if entry[0].endswith("/coins/markets")]

    @property
    def script_left(self):
        return len(self.server.script)
