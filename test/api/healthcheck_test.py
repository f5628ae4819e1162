"""`healthcheck`: an exit code for supervisors. 0 while the program can serve and write; 1 when it cannot, is not there, or is something else."""

import http.server
import json
import socket
import subprocess
import threading

import pytest

from server import Server


def healthcheck(binary, *arguments):
    return subprocess.run([binary, "healthcheck", *map(str, arguments)], capture_output=True, text=True, timeout=30)


@pytest.fixture
def serving(binary, tmp_path):
    """`serve` over a lake that is not there yet, which is trouble and no reason to be ended."""
    server = Server(binary, "serve", "--storage", tmp_path / "lake", "--port", "0")
    yield server
    server.stop()


@pytest.fixture
def answering():
    """A listener that answers every request with these bytes, or with none at all."""
    running = []

    def start(body, status=200):
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        running.append(http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler))
        threading.Thread(target=running[-1].serve_forever, daemon=True).start()
        return running[-1].server_port

    yield start
    for server in running:
        server.shutdown()
        server.server_close()


def test_it_says_what_readyz_says(binary, serving):
    asked = serving.get("/readyz?verbose")
    done = healthcheck(binary, "--port", serving.port)
    assert (done.returncode, done.stdout) == (0 if asked[0] == 200 else 1, asked[2].decode())
    assert healthcheck(binary, "--port", serving.port, "--quiet").stdout == ""
    [told] = json.loads(healthcheck(binary, "--port", serving.port, "--json").stdout)
    assert told == {"url": f"http://127.0.0.1:{serving.port}/readyz", "state": asked[2].decode().splitlines()[-1]}


@pytest.mark.parametrize("address", ["127.0.0.1", "0.0.0.0", "::1", "::"])
def test_who_listens_everywhere_is_asked_on_loopback(binary, tmp_path, address):
    server = Server(binary, "serve", "--storage", tmp_path / "lake", "--port", "0", "--address", address, "--set", "serve.allow_remote=true",
                    "--set", "serve.allowed_hosts=prices.example.org")
    done = healthcheck(binary, "--port", server.port, "--address", address)
    server.stop()
    assert done.stdout and done.returncode in (0, 1), done.stderr


@pytest.mark.parametrize("verdict,code", [("ready", 0), ("degraded", 0), ("not ready", 1)])
def test_the_status_is_the_exit_code(binary, answering, verdict, code):
    port = answering(f"{verdict}\n".encode(), 503 if code else 200)
    assert healthcheck(binary, "--port", port).returncode == code


@pytest.mark.parametrize("body,status", [(b"<html>hello</html>", 200), (b"", 200), (b"ready\n" + b"x" * 200_000, 200), (b"no such host", 421)])
def test_what_is_something_else_is_not_healthy(binary, answering, body, status):
    done = healthcheck(binary, "--port", answering(body, status))
    assert done.returncode == 1 and "is not this program" in done.stderr


def test_nothing_there_or_a_port_that_nobody_knows(binary):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        done = healthcheck(binary, "--port", probe.getsockname()[1])
    assert done.returncode == 1 and "no connection" in done.stderr
    done = healthcheck(binary, "--port", "0")
    assert done.returncode != 0 and "give --port" in done.stderr


def test_silence_ends_within_its_time(binary):
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        done = healthcheck(binary, "--port", silent.getsockname()[1])
    assert done.returncode == 1 and done.stderr


def test_names_of_strangers_are_refused_where_names_are_given(binary, tmp_path):
    """Off loopback too: a container listens on every address, and a page of anywhere must not read it under its own name."""
    options = ("--address", "0.0.0.0", "--set", "serve.allow_remote=true")
    server = Server(binary, "serve", "--storage", tmp_path / "lake", "--port", "0", *options, "--set", "serve.allowed_hosts=cryptostream")
    assert server.get("/livez", headers={"Host": "evil.example"})[0] == 421
    assert server.get("/livez", headers={"Host": f"cryptostream:{server.port}"})[0] == 200
    server.stop()
