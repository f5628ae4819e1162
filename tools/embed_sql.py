"""Turns the numbered SQL files of a folder into a C++ source: embed_sql.py FOLDER OUT.cc.

Each file, 0001_words.sql and so on without a hole, becomes a Migration of sink/migration.h, in the order of the numbers.
"""

import pathlib
import re
import sys


def main(folder, out):
    files = sorted(pathlib.Path(folder).glob("*.sql"))
    entries = []
    for number, path in enumerate(files, 1):
        if not re.fullmatch(rf"{number:04}_[a-z0-9_]+\.sql", path.name):
            sys.exit(f"cannot embed {path.name}: the {number}th of these files begins with {number:04}_")
        entries.append(f'{{{number}, "{path.name}", R"sql({path.read_text()})sql"}},')
    pathlib.Path(out).write_text(
        "// Written by tools/embed_sql.py from src/sink/sql.\n"
        '#include "sink/migration.h"\n\nnamespace cryptostream {\n\nstd::span<const Migration> Migrations() {\n'
        "  static const Migration kMigrations[] = {\n      " + "\n      ".join(entries) + "\n  };\n  return kMigrations;\n}\n\n"
        "}  // namespace cryptostream\n")


main(*sys.argv[1:])
