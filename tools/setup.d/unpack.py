"""Takes the parts that we link out of one package file: unpack.py PART PACKAGE_FILE PREFIX.

A wheel is a zip file and an npm package a tar file. Only libraries, headers and licence texts are written, so that 80 MB of
Python and JavaScript bindings never reach the disk.
"""

import pathlib
import re
import sys
import tarfile
import zipfile

# part -> (pattern of a member's path, where it goes below PREFIX); the first pattern that matches counts
RULES = {
    "arrow": [
        (r"pyarrow/lib((?:arrow|parquet)\.so\.\d+)$", r"arrow/lib/lib\1"),
        (r"pyarrow/include/((?:arrow|parquet)/(?!python/).+\.h)$", r"arrow/include/\1"),
        (r"[^/]+\.dist-info/licenses/(LICENSE|NOTICE)\.txt$", r"licenses/arrow/\1"),
    ],
    "duckdb": [
        (r"package/(libduckdb\.so)$", r"duckdb/lib/\1"),
        (r"package/(LICENSE)$", r"licenses/duckdb/\1"),
    ],
    "header": [(r"package/src/duckdb/src/include/(duckdb\.h)$", r"duckdb/include/\1")],
    "kafka": [
        (r"confluent_kafka\.libs/(librdkafka-[0-9a-f]+\.so\.\d+)$", r"kafka/lib/\1"),
        (r"[^/]+\.dist-info/licenses/(LICENSE)$", r"licenses/librdkafka/\1"),
    ],
    "kafka-header": [(r"package/deps/librdkafka/src/(rdkafka(?:_mock)?\.h)$", r"kafka/include/librdkafka/\1")],
    "simdjson": [
        (r"package/src/(simdjson\.(?:h|cpp))$", r"simdjson/\1"),
        (r"package/(LICENSE)$", r"licenses/simdjson/\1"),
    ],
}


def members(path):
    """Yields (name, read function) of each regular file in a zip or tar file."""
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            for info in archive.infolist():
                if not info.is_dir():
                    yield info.filename, lambda info=info: archive.read(info)
    else:
        with tarfile.open(path) as archive:
            for info in archive:
                if info.isfile():
                    yield info.name, lambda info=info: archive.extractfile(info).read()


def main(part, package, prefix):
    rules = [(re.compile(pattern), target) for pattern, target in RULES[part]]
    used = set()
    for name, read in members(package):
        for pattern, target in rules:
            match = pattern.match(name)
            if match:
                path = pathlib.Path(prefix, match.expand(target))
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(read())
                used.add(pattern.pattern)
                break
    unused = [pattern.pattern for pattern, _ in rules if pattern.pattern not in used]
    if unused:
        sys.exit(f"cannot unpack {part}: nothing in {package} matches {', '.join(unused)}")


main(*sys.argv[1:])
