"""Includes go one way, and each foreign library has one door.

Every rule is also shown a file that breaks it, so that a rule which has stopped seeing anything fails too.
"""

import pathlib
import re

import tree

# folder -> the folders below it that it may see; the program itself (src/main.cc) sees all
BELOW = {
    "base": set(),
    "net": {"base"},
    "market": {"base"},
    "source": {"base", "net", "market"},
    "kafka": {"base", "market"},
    "delta": {"base", "market"},
    "query": {"base", "market", "delta"},
    "verify": {"base", "market", "delta", "query"},
    "lake": {"base", "market", "delta", "query", "verify"},
    "maintain": {"base", "market", "delta", "query", "verify", "lake"},
    "live": {"base", "market", "delta", "query"},
    "serve": {"base", "net", "market", "delta", "query", "live"},
    "sink": {"base", "net", "market", "delta", "query", "live"},
    "alert": {"base", "net", "market", "delta", "query", "live"},
    "cluster": {"base", "market", "delta", "query", "verify", "lake"},
    "config": {"base", "net", "market", "source", "kafka", "lake", "serve", "live", "sink", "alert"},
    "run": {"base", "net", "market", "source", "kafka", "delta", "query", "verify", "lake", "maintain", "live", "serve", "sink", "alert", "cluster",
            "config"},
    "cli": {"base", "net", "market", "source", "kafka", "delta", "query", "verify", "lake", "maintain", "cluster", "config", "run"},
}

# header of a library -> the files that may include it
DOORS = {
    r"duckdb": r"query/duck\w*\.(cc|h)",
    r"rust/cxx\.h|delta_shim\.h": r"delta/",
    r"boost/(?!container/|unordered/|multiprecision/)|curl/": r"net/",  # Boost's containers and whole numbers are used like the standard's
    r"toml\+\+/": r"config/",
    r"librdkafka/": r"kafka/",
    r"sqlite3": r"kafka/spool\w*\.(cc|h)",
    r"libpq|postgresql/": r"sink/",
    r"simdjson": r"(market|source)/",
    r"spdlog/": r"base/log\.(cc|h)",
    r"prometheus/": r"base/metrics\.(cc|h)",
    r"CLI/": r"main\.cc|cli/",
}

INCLUDE = re.compile(r'^\s*#\s*include\s+[<"]([^">]+)[">]', re.MULTILINE)


def source(path):
    """Gives a C++ source's path below src/, or None for any other file."""
    return "/".join(path.parts[1:]) if path.parts[0] == "src" and path.suffix in (".cc", ".h") else None


def wrong_way(path, content):
    name = source(path)
    if name is None or "/" not in name:
        return
    folder = name.split("/")[0]
    if folder not in BELOW:
        yield f"the folder src/{folder} has no place in the layers (test/tidy/layers_test.py)"
        return
    for include in INCLUDE.findall(content):
        target = include.split("/")[0] if "/" in include else None
        if target in BELOW and target != folder and target not in BELOW[folder]:
            yield f"src/{folder} must not include {include}"
        if target is None and (tree.ROOT / "src" / include).exists():
            yield f"a folder must not include the program's own {include}"


def wrong_door(path, content):
    name = source(path)
    if name is None:
        return
    for include in INCLUDE.findall(content):
        for library, door in DOORS.items():
            if re.match(library, include) and not re.match(door, name):
                yield f"{include} belongs behind {door}"


def pragma_once(path, content):
    if source(path) and path.suffix == ".h" and "#pragma once" not in content:
        yield "a header without #pragma once"


def test_includes_go_one_way():
    tree.assert_kept(wrong_way)


def test_each_library_has_one_door():
    tree.assert_kept(wrong_door)


def test_headers_are_guarded():
    tree.assert_kept(pragma_once)


def test_the_rules_see_what_they_forbid():
    serve = pathlib.PurePosixPath("src/serve/x.cc")
    assert list(wrong_way(serve, '#include "lake/stage.h"\n#include "query/duck.h"\n')) != []
    assert list(wrong_way(pathlib.PurePosixPath("src/misplaced/x.cc"), "")) != []
    assert list(wrong_door(serve, "#include <duckdb.h>\n")) != []
    assert list(wrong_door(serve, "#include <boost/beast/core.hpp>\n")) != []
    assert list(pragma_once(pathlib.PurePosixPath("src/serve/x.h"), "int x;\n")) != []
    assert list(wrong_door(serve, "#include <boost/container/small_vector.hpp>\n")) == []
    assert list(wrong_way(serve, '#include "query/duck.h"\n')) == []
    assert list(wrong_door(pathlib.PurePosixPath("src/query/duck.cc"), "#include <duckdb.h>\n")) == []
