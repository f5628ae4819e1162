"""Reads a whole lake as a script would, and does nothing with it: every line of every commit as JSON, every row of every checkpoint and data file
with pyarrow. What looks at everything cannot be much quicker.

usage: peer_read.py LAKE
"""

import json
import pathlib
import sys

import pyarrow.parquet

lines = rows = 0
for path in sorted(pathlib.Path(sys.argv[1]).rglob("*")):
    if path.suffix == ".json":
        for line in path.read_text().splitlines():
            json.loads(line)
            lines += 1
    if path.suffix == ".parquet":
        for batch in pyarrow.parquet.ParquetFile(path).iter_batches():
            rows += batch.num_rows
print(lines, rows)
