"""A PostgreSQL of the tests' own, in a folder of its own, on a socket and a free port of loopback, stopped by its process id."""

import os
import pathlib
import pwd
import shutil
import signal
import socket
import subprocess
import time


def programs():
    """The folder of the server's programs: the newest that the system has, or POSTGRES_BIN."""
    if os.environ.get("POSTGRES_BIN"):
        return pathlib.Path(os.environ["POSTGRES_BIN"])
    found = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda path: float(path.parts[4]))
    return found[-1].parent if found else None


def free_port():
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


class Postgres:
    """One server. It refuses to run as root, so there it runs as nobody."""

    def __init__(self, folder, bin=None):
        self.folder, self.data, self.port = folder, folder / "data", free_port()
        self.bin = bin or programs()
        self.user = "nobody" if os.getuid() == 0 else None
        self.process = None
        if self.user:
            entry = pwd.getpwnam(self.user)
            os.chown(folder, entry.pw_uid, entry.pw_gid)
        self.run("initdb", "-D", self.data, "-U", "postgres", "--auth=trust", "--no-sync", "-E", "UTF8", "--locale=C")
        with open(self.data / "postgresql.conf", "a") as conf:
            conf.write(f"port={self.port}\nlisten_addresses='127.0.0.1'\nunix_socket_directories='{folder}'\nfsync=off\n"
                       "shared_buffers=32MB\nmax_connections=30\nmax_wal_size=256MB\nlc_messages='C'\n")
        self.allow("trust")

    def allow(self, method):
        """How everybody but the tests themselves is let in."""
        (self.data / "pg_hba.conf").write_text(f"local all postgres trust\nlocal all all {method}\nhost all all 127.0.0.1/32 {method}\n")

    def client(self, name):
        """psql and its like: the server's own, else the system's (a package of the server alone has none)."""
        return self.bin / name if (self.bin / name).exists() else pathlib.Path(shutil.which(name))

    def run(self, program, *arguments):
        done = subprocess.run([self.bin / program, *map(str, arguments)], user=self.user, group="nogroup" if self.user else None,
                              extra_groups=[] if self.user else None, cwd="/", capture_output=True, text=True, timeout=60,
                              env={"PATH": os.environ["PATH"], "LC_ALL": "C"})
        assert done.returncode == 0, done.stderr
        return done.stdout

    def start(self):
        log = open(self.folder / "log", "ab")
        self.process = subprocess.Popen([self.bin / "postgres", "-D", self.data], user=self.user, group="nogroup" if self.user else None,
                                        extra_groups=[] if self.user else None, cwd="/", stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                        env={"PATH": os.environ["PATH"], "LC_ALL": "C"})
        for _ in range(600):
            if subprocess.run([self.client("pg_isready"), "-q", "-h", self.folder, "-p", str(self.port), "-U", "postgres"]).returncode == 0:
                return self
            assert self.process.poll() is None, (self.folder / "log").read_text()
            time.sleep(0.02)
        raise AssertionError("the server does not answer")

    def stop(self, how=signal.SIGINT):
        """SIGINT: fast; SIGQUIT: at once, as after a crash."""
        self.process.send_signal(how)
        self.process.wait(timeout=30)

    def crash(self):
        """kill -9 of the server and of its processes: the postmaster's children end when it is gone."""
        self.process.kill()
        self.process.wait(timeout=30)
        for _ in range(500):
            try:
                return self.start()
            except AssertionError:  # one of its processes is still ending
                time.sleep(0.05)
        raise AssertionError("the server does not come back")

    def url(self, database, user="postgres", host=None):
        return f"postgresql://{user}@{host}:{self.port}/{database}" if host else f"postgresql:///{database}?host={self.folder}&port={self.port}&user={user}"

    def sql(self, statement, database="postgres", user="postgres"):
        """Runs SQL and gives its rows as lists of texts; None is NULL."""
        done = subprocess.run([self.client("psql"), "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-F", "\x1f", "-R", "\x1e", "-P",
                               "null=\x1d", "-d", self.url(database, user), "-c", statement], capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        text = done.stdout.rstrip("\n")
        return [[None if cell == "\x1d" else cell for cell in row.split("\x1f")] for row in text.split("\x1e")] if text else []

    def copy_out(self, query, database, schema="cryptostream"):
        done = subprocess.run([self.client("psql"), "-X", "-q", "-d", self.url(database), "-c", f"SET search_path={schema}", "-c",
                               f"COPY ({query}) TO STDOUT (FORMAT binary)"], capture_output=True, timeout=60)
        assert done.returncode == 0, done.stderr
        return done.stdout


def new_folder(name):
    """One with a short path, for the socket, that the server's user may enter."""
    folder = pathlib.Path(f"/tmp/cs-{name}-{os.getpid()}")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o755)
    return folder
