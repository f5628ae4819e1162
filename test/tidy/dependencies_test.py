"""The list of dependencies is current, and tools/dependencies sees a package that must not come in."""

import importlib.machinery
import importlib.util
import json
import pathlib
import shutil
import subprocess
import sys
import tomllib

import pytest
import tree

LOADER = importlib.machinery.SourceFileLoader("dependencies", str(tree.ROOT / "tools/dependencies"))
dependencies = importlib.util.module_from_spec(importlib.util.spec_from_loader("dependencies", LOADER))
sys.modules["dependencies"] = dependencies
sys.dont_write_bytecode = True
LOADER.exec_module(dependencies)

POLICY = tomllib.loads((tree.ROOT / "tools/dependencies.toml").read_text())
NONE = pathlib.Path("/nonexistent")


def run(*arguments):
    return subprocess.run([sys.executable, tree.ROOT / "tools/dependencies", *arguments], capture_output=True, text=True)


def findings(name="x", version="1.0.0", license="MIT", part=dependencies.CRATES):
    return list(dependencies.judge(dependencies.Dependency(part, name, version, license), POLICY))


def test_all_are_allowed_and_the_list_is_current():
    done = run()
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_list_that_is_not_current_is_said(tmp_path):
    for name in ("tools", "web/package-lock.json", "test/browser/package-lock.json", "src/delta/shim", "docs/dependencies.md"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        copy = shutil.copytree if (tree.ROOT / name).is_dir() else shutil.copy
        copy(tree.ROOT / name, tmp_path / name)
    (tmp_path / "build").symlink_to(tree.ROOT / "build")
    page = tmp_path / "docs/dependencies.md"
    page.write_text(page.read_text().replace("| delta_kernel | ", "| delta_kernel | 9"))
    done = run("--root", tmp_path)
    assert done.returncode == 1 and "is not current: run tools/dependencies --write" in done.stderr
    assert run("--root", tmp_path, "--write").returncode == 0
    assert page.read_text() == (tree.ROOT / "docs/dependencies.md").read_text()


@pytest.mark.parametrize("license, good", [
    ("MIT", True), ("MIT/Apache-2.0", True), ("GPL-3.0-only OR MIT", True), ("(MIT OR Apache-2.0) AND Unicode-3.0", True),
    ("GPL-3.0-only", False), ("MIT AND GPL-3.0-only", False), ("(MIT OR ISC) AND (GPL-3.0-only OR AGPL-3.0-only)", False), ("", False),
    ("MPL-2.0", False),
])
def test_a_licence_must_be_allowed(license, good):
    assert (findings(license=license) == []) == good


def test_what_only_tests_run_may_have_more_licences():
    assert findings(license="MPL-2.0", part=dependencies.PYTHON) == []


def test_a_refused_package_stays_out():
    bad = POLICY["refused"][0]
    assert findings(bad["name"], bad["versions"][0]) == [f"refused: {bad['why']}"]
    assert findings(bad["name"], "99.0.0") == []


def test_a_crate_must_come_from_the_registry(monkeypatch):
    crate = dependencies.Dependency(dependencies.CRATES, "x", "1.0.0", "MIT")
    for source in ("git+https://example.org/x?rev=1#1", None, "registry+https://example.org/index"):
        monkeypatch.setattr(dependencies, "crates", lambda _root, source=source: [(crate, source)])
        assert [row for row, words in dependencies.gather(tree.ROOT, POLICY, NONE)[1] if "not from the registry" in words] == [crate]
    monkeypatch.setattr(dependencies, "crates", lambda _root: [(crate, dependencies.REGISTRY)])
    assert dependencies.gather(tree.ROOT, POLICY, NONE)[1:] == ([], 1)


def test_a_withdrawn_crate_is_seen(tmp_path):
    entries = [{"vers": "1.0.0", "yanked": True}, {"vers": "1.0.1+zstd.2", "yanked": False}]
    for folder, name in (("lo/ng", "longer"), ("3/a", "abc"), ("2", "ab")):
        file = tmp_path / "mirror-1" / ".cache" / folder / name
        file.parent.mkdir(parents=True)
        file.write_bytes(b"\x03\x02\0\0\0" + b"".join(entry["vers"].encode() + b"\0" + json.dumps(entry).encode() + b"\0" for entry in entries))
        assert [dependencies.is_withdrawn(name, version, tmp_path) for version in ("1.0.0", "1.0.1", "1.0.2")] == [True, False, None]
    assert dependencies.is_withdrawn("other", "1.0.0", tmp_path) is None


@pytest.mark.parametrize("entry", [
    {"resolved": "git+ssh://git@example.org/x.git#1", "integrity": "sha512-x"}, {"link": True}, {"resolved": "http://example.org/x.tgz"},
    {"integrity": "sha512-x", "deprecated": "no longer"},
])
def test_an_npm_package_without_hash_or_from_elsewhere_is_seen(monkeypatch, entry):
    package = dependencies.Dependency(dependencies.PAGE, "x", "1.0.0", "MIT")
    monkeypatch.setattr(dependencies, "crates", lambda _root: [])
    monkeypatch.setattr(dependencies, "npm", lambda _root, _lock: [(package, entry)])
    assert {row for row, _ in dependencies.gather(tree.ROOT, POLICY, NONE)[1]} == {package}


def test_an_advisory_that_holds_is_named(tmp_path):
    folder = tmp_path / "crates/x"
    folder.mkdir(parents=True)
    crate = dependencies.Dependency(dependencies.CRATES, "x", "1.4.2", "MIT")
    page = '```toml\n[advisory]\nid = "R-1"\n{more}\n[versions]\npatched = {patched}\n```\n'
    for patched, more, holds in [(">= 1.5.0", "", True), (">= 1.4.2", "", False), ("^1.3.9", "", False), (">= 1.3.0, < 1.4.0", "", True),
                                 ("~1.3", "", True), ("", "", True), ("", 'withdrawn = "2026-01-01"', False)]:
        (folder / "R-1.md").write_text(page.format(patched=json.dumps([patched] if patched else []), more=more))
        assert bool(list(dependencies.advisories(tmp_path, [crate]))) == holds, patched
