"""The project's own text files, as git sees them: tracked ones and new ones that are not ignored."""

import functools
import pathlib
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]
CODE = {".cc", ".h", ".rs", ".py", ".ts", ".mjs", ".sh", ".cmake", ".css"}


@functools.cache
def files():
    """Gives every file of the project as a path relative to its root."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=ROOT, check=True, capture_output=True
    ).stdout
    return [pathlib.PurePosixPath(name) for name in sorted(set(listed.decode().split("\0")) - {""}) if (ROOT / name).is_file()]


def text(path):
    """Gives a file's text, or None if it is not UTF-8 (recordings, pictures)."""
    try:
        return (ROOT / path).read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return None


def is_script(path):
    """Tells the commands under tools/ and .ci/, which have no suffix, from other files."""
    return path.suffix == "" and path.parts[0] in ("tools", ".ci") and (text(path) or "").startswith("#!")


def is_lock(path):
    """Tells files that a program writes and nobody reads through."""
    return path.suffix == ".lock" or path.name in ("package-lock.json", "Cargo.lock")


def assert_kept(rule):
    """Runs rule(path, text) over the whole project; fails with everything that it finds."""
    found = []
    for path in files():
        content = text(path)
        if content is not None:
            found += [f"{path}: {finding}" for finding in rule(path, content)]
    assert not found, "\n" + "\n".join(found)
