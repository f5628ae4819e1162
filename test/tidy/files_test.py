"""What every file of the project keeps: a head that says what it is, a telling name, a length that can be read."""

import pathlib
import re

import tree

LONGEST = 350
LONGEST_SHIM = 550  # all of its files together: a border, not a second program

# Put together from pieces, so that this file does not hold what it forbids.
UNFINISHED = re.compile(r"\b(" + "TO" + "DO|FIX" + "ME|X" + r"XX)\b")
HOSTS = re.compile("|".join([
    "py" + r"pi\.org", "pythonhosted" + r"\.org", "npm" + r"js\.(org|com)", "(index|static)" + r"\.crates\.io",
    "deb" + r"\.debian\.org", "maven" + r"\.org", "proxy" + r"\.golang\.org",
]))
MACHINE = re.compile(r"(?<![\w.$}])/(" + "work|ro" + r"ot)/\w")


# Kept as they came, so that figures stay comparable (bench/README.md).
UNCHANGED = re.compile(r"bench/(gen|peer_\w+|spark_tuned)\.py")


def is_code(path):
    return path.suffix in tree.CODE or path.name in ("CMakeLists.txt", "Makefile") or tree.is_script(path)


def head(path, content):
    """A source begins with its comment, so that a reader meets the why before the what."""
    if path.suffix in (".cc", ".rs") and not content.startswith("//"):
        yield "does not begin with a comment that says what flows in and out"
    if path.suffix == ".py" and not UNCHANGED.fullmatch(str(path)) and content.strip() and not content.startswith('"""') and not content.startswith("#!"):
        yield "does not begin with a docstring"
    if tree.is_script(path) and not re.match(r'#!.*\n("""|# )', content):
        yield "does not say what it does, below the first line"


def name(path, _content):
    for part in path.parts:
        if re.search(r"(^|[_.-])(utils?|helpers?|managers?|commons?|misc)([_.-]|$)", part):
            yield f"the name {part} says nothing"
    if path.parts[0] == "src" and path.suffix in (".cc", ".h") and not re.fullmatch(r"[a-z][a-z0-9_]*", path.stem):
        yield "a file name is lower case with underscores"


def length(path, content):
    lines = content.count("\n")
    if is_code(path) and not tree.is_lock(path) and lines > LONGEST:
        yield f"{lines} lines, over {LONGEST}"


def finished(path, content):
    if is_code(path) or path.suffix == ".md":
        for found in UNFINISHED.finditer(content):
            yield f"{found.group()}: finish it, or file an issue"


def addresses(path, content):
    if not tree.is_lock(path):
        for found in HOSTS.finditer(content):
            yield f"names the registry {found.group()}; clients know where to look"
    for found in MACHINE.finditer(content):
        yield f"holds a path of somebody's machine: {found.group()}"


def beside(path, content):
    if path.suffix == ".cc" and path.stem.endswith("_test"):
        stem = path.stem.removesuffix("_test")
        if not any((tree.ROOT / path.parent / (stem + suffix)).exists() for suffix in (".h", ".cc")):
            yield f"tests no {stem}.h or {stem}.cc beside it"
    elif path.suffix == ".cc" and re.search(r"^TEST(_F|_P)?\(", content, re.MULTILINE):
        yield "holds tests, but its name does not end in _test.cc"


def install_scripts(path, content):
    """Code of a package runs when we call it, not when it is fetched."""
    if path.name == "package-lock.json" and "ignore-scripts=true" not in (tree.text(path.parent / ".npmrc") or ""):
        yield "has no .npmrc beside it that says ignore-scripts=true"
    if is_code(path):
        for line in content.splitlines():
            if re.search(r'npm"?,? "?(ci|i|install|pack)\b', line) and "--ignore-scripts" not in line:
                yield f"lets npm run install scripts: {line.strip()}"


def module(path, _content):
    """One pytest imports all folders of test/ by their files' names: a second file of a name is another module, or an error."""
    if path.suffix == ".py" and path.parts[0] == "test" and path.name != "conftest.py":
        for other in tree.files():
            if other.name == path.name and other != path and other.parts[0] == "test":
                yield f"bears the name of {other}"


RULES = [head, name, length, finished, addresses, beside, install_scripts, module]

BROKEN = {
    head: ("src/base/x.cc", "#include <string>\n"),
    name: ("src/base/string_util.h", "#pragma once\n"),
    length: ("src/base/x.cc", "\n" * (LONGEST + 1)),
    finished: ("src/base/x.cc", "// " + "TO" + "DO\n"),
    addresses: ("tools/x", "curl https://registry.npm" + "js.org/x\n"),
    beside: ("src/base/no_such_code_test.cc", ""),
    install_scripts: ("tools/x.sh", "#!/bin/sh\nnpm " + "ci --no-fund\n"),
    module: ("test/lake/files_test.py", ""),
}


def pytest_generate_tests(metafunc):
    if "rule" in metafunc.fixturenames:
        metafunc.parametrize("rule", RULES, ids=[rule.__name__ for rule in RULES])


def test_every_file_keeps(rule):
    tree.assert_kept(rule)


def test_the_rule_sees_what_it_forbids(rule):
    path, content = BROKEN[rule]
    assert list(rule(pathlib.PurePosixPath(path), content)) != []


def test_the_shim_stays_small():
    lines = sum(len(path.read_text().splitlines()) for path in (tree.ROOT / "src/delta/shim/src").glob("*.rs"))
    assert 0 < lines <= LONGEST_SHIM
