"""A Docker Engine of the tests' own: started here, ended here by its process id, with its data under build/infra."""

import os
import pathlib
import shutil
import signal
import subprocess
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
FOLDER = ROOT / "build/infra"
VENV = ROOT / "build/venv-infra"


def lacks():
    """Why no engine can be started here; "" if nothing stands against it."""
    if os.geteuid() != 0:
        return "Docker Engine needs root"
    missing = [name for name in ("dockerd", "docker", "iptables", "mmdebstrap") if not shutil.which(name)]
    return f"not installed: {' '.join(missing)} (tools/setup long brings them)" if missing else ""


def put_compose(config):
    """Lets a `docker` with this configuration folder find Compose."""
    [compose] = VENV.glob("lib/python3*/site-packages/compose/docker-compose")
    plugin = config / "cli-plugins/docker-compose"
    plugin.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(compose, plugin)
    plugin.chmod(0o755)


class Engine:
    def __init__(self):
        FOLDER.mkdir(parents=True, exist_ok=True)
        # A socket's path has at most 107 characters, and a clone may lie deep.
        self.socket = pathlib.Path(f"/run/cryptostream-test-{os.getpid()}.sock")
        config = FOLDER / "config"
        put_compose(config)
        self.environment = {key: value for key, value in os.environ.items() if not key.startswith(("DOCKER_", "COMPOSE_", "CRYPTOSTREAM_"))}
        self.environment |= {"DOCKER_HOST": f"unix://{self.socket}", "DOCKER_CONFIG": str(config), "DOCKER_BUILDKIT": "0"}
        command = ["dockerd", "--data-root", FOLDER / "root", "--exec-root", f"/run/cryptostream-test-{os.getpid()}", "--host", f"unix://{self.socket}",
                   "--pidfile", FOLDER / "pid", "--oom-score-adjust", "0", "--bip", "172.31.77.1/24"]
        self.log = FOLDER / "dockerd.log"
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=open(self.log, "wb"), stderr=subprocess.STDOUT)
        deadline = time.monotonic() + 60
        while self.docker("version", check=False).returncode != 0:
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise RuntimeError(f"Docker Engine does not start here: {self.log.read_text()[-1500:]}")
            time.sleep(0.3)

    def docker(self, *words, check=True, input=None, timeout=600, env=None):
        done = subprocess.run(["docker", *map(str, words)], env=self.environment | (env or {}), input=input, capture_output=True, text=True,
                              timeout=timeout)
        if check:
            assert done.returncode == 0, f"docker {' '.join(map(str, words))}: exit {done.returncode}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
        return done

    def inspect(self, container, form):
        return self.docker("inspect", "--format", form, container).stdout.strip()

    def wait_for(self, container, form, value, timeout=180):
        deadline = time.monotonic() + timeout
        while (seen := self.inspect(container, form)) != value:
            assert time.monotonic() < deadline, f"{container}: {form} is {seen}, not {value}: {self.docker('logs', '--tail', 20, container).stderr}"
            time.sleep(0.3)

    def kill_inside(self, container):
        """kill -9 of a container's first process, as the kernel would: Docker itself takes no part, so it starts the container anew."""
        os.kill(int(self.inspect(container, "{{.State.Pid}}")), signal.SIGKILL)

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait(60)
        self.socket.unlink(missing_ok=True)
