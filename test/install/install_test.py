"""`make install` makes a tree that runs where there is nothing else: in a root that holds the C library and no more."""

import json
import os
import pathlib
import shutil
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def bare(binary, tmp_path_factory):
    """A root folder with the installed tree under /opt and the system's C library; nothing of it points to the outside."""
    if binary != (ROOT / "build/release/cryptostream").resolve():
        pytest.fail("the tree that is installed is build/release; run it with that build")
    root = tmp_path_factory.mktemp("bare")
    subprocess.run([ROOT / "tools/install", "/opt/cryptostream"], check=True, env=os.environ | {"DESTDIR": str(root)}, capture_output=True)
    needed = subprocess.run(["ldd", binary], check=True, capture_output=True, text=True).stdout
    for line in needed.splitlines():
        words = line.split()
        path = words[2] if "=>" in words else words[0]
        name = pathlib.Path(path).name
        if path.startswith("/") and not (root / "opt/cryptostream/lib" / name).exists():
            target = root / path.lstrip("/")
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, target)
    for folder in ("tmp", "dev", "proc"):
        (root / folder).mkdir()
    yield root
    shutil.rmtree(root)


def inside(root, *command):
    """Runs the installed program there; with /proc, by which the loader knows where the program lies, in mounts of its own."""
    enter = f"mount -t proc proc '{root}/proc' && exec chroot '{root}' /opt/cryptostream/bin/cryptostream \"$@\""
    user = [] if os.geteuid() == 0 else ["--map-root-user", "--pid", "--fork"]
    return subprocess.run(["unshare", "--mount", *user, "sh", "-c", enter, "sh", *command], capture_output=True, text=True, timeout=60)


def test_only_the_c_library_is_taken_from_the_system(bare):
    outside = [path.name for path in bare.rglob("*.so*") if "opt" not in path.relative_to(bare).parts]
    assert outside and all(name.split(".")[0].split("-")[0] in
                           {"ld", "libc", "libm", "libdl", "librt", "libpthread", "libresolv"} for name in outside)


def test_it_says_its_version(bare):
    done = inside(bare, "version")
    assert done.returncode == 0 and done.stdout.startswith("cryptostream "), done.stderr


def test_it_does_its_work_there(bare):
    (bare / "tmp/m.jsonl").write_text("".join(
        json.dumps({"timestamp": 1_763_800_000 + 20 * i, "coin_id": "bitcoin", "price": 60_000 + i}) + "\n" for i in range(9)))
    done = inside(bare, "replay", "/tmp/m.jsonl", "--storage", "/tmp/lake", "--exit-when-done")
    assert done.returncode == 0, done.stderr
    shown = inside(bare, "query", "--json", "select count(*) as n from silver", "--storage", "/tmp/lake")
    assert shown.returncode == 0 and json.loads(shown.stdout)[0]["n"] == 9, shown.stdout + shown.stderr
    assert inside(bare, "verify", "--storage", "/tmp/lake").returncode == 0


def test_each_library_brings_its_licence(bare):
    texts = {path.name for path in (bare / "opt/cryptostream/share/doc/cryptostream/licenses").iterdir()}
    assert {"libcurl4", "libssl3", "libstdc++6"} <= texts
