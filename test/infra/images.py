"""The images that the compose file needs, made of what can be had here, under their upstream names."""

import os
import pathlib
import re
import shutil
import subprocess
import tempfile

from engine import FOLDER, ROOT

HERE = pathlib.Path(__file__).resolve().parent
COMPOSE = ROOT / "infra/docker-compose.yml"
# Upstream's name of an image -> the entry point of its stand-in.
STAND_INS = {
    "redpandadata/redpanda": ["redpanda-stand-in"],
    "redpandadata/console": ["page-stand-in", "8080"],
    "apache/spark": [],
    "postgres": ["postgres-stand-in"],
    "prom/prometheus": ["prometheus"],
    "prom/alertmanager": ["prometheus-alertmanager"],
    "grafana/grafana": ["page-stand-in", "3000"],
    "cryptostream-test/provider": ["provider"],
}
# How this machine reaches the registries, where it has more to say than the defaults: the images that are built get the same. Below /etc, and below
# the home of who builds; apt's own settings are asked of apt.
OF_SYSTEM = ("apt/sources.list.d/debian.sources", "pip.conf", "npmrc", "ssl/certs/ca-certificates.crt")
OF_HOME = (".npmrc", ".cargo/config.toml")
VARIABLES = r"(https?_proxy|no_proxy|.*_CA_(BUNDLE|CERTS|CERTS_FILE)|SSL_CERT_(FILE|DIR)|PIP_.*|CARGO_.*|npm_config_.*|NODE_EXTRA_CA_CERTS)"


def named_in_compose():
    return sorted(set(re.findall(r"^    image: (\S+)$", COMPOSE.read_text(), re.MULTILINE)) - {"cryptostream:latest", "debian:12-slim"})


def base(engine):
    """debian:12-slim out of Debian's packages, once; it knows the registries as this machine does."""
    if engine.docker("image", "inspect", "debian:12-slim", check=False).returncode == 0:
        return
    tar = FOLDER / "debian.tar"
    subprocess.run(["mmdebstrap", "--quiet", "--variant=minbase", "--include=ca-certificates", "bookworm", tar], check=True, stdin=subprocess.DEVNULL)
    engine.docker("import", tar, "debian:plain")
    tar.unlink()
    with tempfile.TemporaryDirectory(dir=FOLDER) as folder:
        root = pathlib.Path(folder)
        found = [(pathlib.Path("/etc") / name, root / "etc" / name) for name in OF_SYSTEM]
        found += [(pathlib.Path.home() / name, root / "root" / name) for name in OF_HOME]
        for source, target in found:
            if source.exists():
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(source, target)
        asked = subprocess.run(["apt-config", "dump", "--no-empty", "Acquire"], check=True, capture_output=True, text=True).stdout
        settings = root / "etc/apt/apt.conf.d/99machine"
        settings.parent.mkdir(parents=True, exist_ok=True)
        settings.write_text(asked)
        variables = {key: value for key, value in os.environ.items() if re.fullmatch(VARIABLES, key, re.IGNORECASE)}
        lines = ["FROM debian:plain", "COPY . /", *(f'ENV {key}="{value}"' for key, value in variables.items())]
        (root / "Dockerfile").write_text("\n".join(lines) + "\n")
        (root / ".dockerignore").write_text("Dockerfile\n.dockerignore\n")
        engine.docker("build", "--tag", "debian:12-slim", folder)


def stand_ins(engine):
    base(engine)
    with tempfile.TemporaryDirectory(dir=FOLDER) as folder:
        context = pathlib.Path(folder)
        shutil.copytree(HERE / "stand_ins", context, dirs_exist_ok=True)
        shutil.copytree(sorted((ROOT / "build/kafka").iterdir())[-1].resolve(), context / "kafka")
        shutil.copytree((ROOT / "build/spark/deps").resolve(), context / "spark", ignore=shutil.ignore_patterns("examples", "data"))
        (context / "provider").mkdir()
        shutil.copy(ROOT / "test/sources/fake_coingecko.py", context / "provider")
        engine.docker("build", "--network", "host", "--tag", "cryptostream-test/all", context, timeout=1200)
    for image in [*named_in_compose(), "cryptostream-test/provider:latest"]:
        entry = STAND_INS[image.partition(":")[0]]
        text = f"FROM cryptostream-test/all\nENTRYPOINT {str(entry).replace(chr(39), chr(34))}\n"
        engine.docker("build", "--tag", image, "-", input=text)


def program(engine):
    """The image of this clone, by its Dockerfile; minutes the first time."""
    base(engine)
    # The engine's own builder takes no cache mounts and needs none: a layer whose files are the same is not built again.
    engine.docker("build", "--network", "host", "--tag", "cryptostream:latest", ROOT, timeout=3600)
