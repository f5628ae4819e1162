"""Ways to damage a table's log, named and made without a look at the checks: for each kind of file in a log, each field that the Delta protocol
gives its actions gets another value, is lost, or comes twice. A way takes a Table (damage.py) and returns what must be named."""

import json
import shutil

import pyarrow.parquet as pq

from damage import flip

LOST = object()


def put(action, path, value):
    """Sets the field at a dotted path (properties have dots: `configuration:delta.x`), or takes it away."""
    steps = [step for part in path.split(":")[:1] for step in part.split(".")] + path.split(":")[1:]
    for step in steps[:-1]:
        action = action[step]
    value = value(action.get(steps[-1])) if callable(value) else value
    if value is LOST:
        action.pop(steps[-1], None)
    else:
        action[steps[-1]] = value


def schema(change):
    """A change of the columns within a schemaString."""

    def altered(text):
        parsed = json.loads(text)
        change(parsed["fields"])
        return json.dumps(parsed, separators=(",", ":"))

    return altered


def stats(name, value):
    def altered(text):
        parsed = json.loads(text)
        put(parsed, name, value)
        return json.dumps(parsed, separators=(",", ":"))

    return altered


NULLABLE = schema(lambda fields: fields[1].update(nullable=False))
TYPE = schema(lambda fields: fields[1].update(type="string" if fields[1]["type"] != "string" else "long"))
NO_COLUMN = schema(lambda fields: fields.pop(1))
COLUMN_TWICE = schema(lambda fields: fields.append(fields[1]))
COLUMN_ORDER = schema(lambda fields: fields.insert(0, fields.pop(1)))
GENERATED = schema(lambda fields: fields[1].update(metadata={"delta.generationExpression": "1"}))

# What is changed the same way in a commit, a checkpoint and a checksum: (name, action, field, value).
SHAPE = [
    ("reader-99", "protocol", "minReaderVersion", 99), ("reader-lowered", "protocol", "minReaderVersion", 1),
    ("writer-99", "protocol", "minWriterVersion", 99), ("writer-lowered", "protocol", "minWriterVersion", 2),
    ("not-null", "metaData", "schemaString", NULLABLE), ("type", "metaData", "schemaString", TYPE),
    ("no-column", "metaData", "schemaString", NO_COLUMN), ("column-twice", "metaData", "schemaString", COLUMN_TWICE),
    ("generated-column", "metaData", "schemaString", GENERATED),
    ("partitioned-otherwise", "metaData", "partitionColumns", lambda columns: columns[:-1] + ["coin_id"]),
    ("format", "metaData", "format.provider", "orc"),
    ("files-go-at-once", "metaData", "configuration:delta.deletedFileRetentionDuration", "interval 0 days"),
    ("log-goes-at-once", "metaData", "configuration:delta.logRetentionDuration", "interval 0 seconds"),
    ("forgets-positions", "metaData", "configuration:delta.setTransactionRetentionDuration", "interval 1 days"),
    ("other-clean-up", "metaData", "configuration:delta.enableExpiredLogCleanup", "true"),
    ("newer-format", "metaData", "configuration:cryptostream.format", "99"),
    ("property-lost", "metaData", "configuration:delta.checkpointInterval", LOST),
]
# What only a stand-in can get wrong: another writer of commits may do it.
SHAPE_OF_STANDINS = [
    ("reader-feature", "protocol", "readerFeatures", ["deletionVectors"]), ("writer-feature", "protocol", "writerFeatures", ["appendOnly"]),
    ("id", "metaData", "id", "00000000-0000-0000-0000-000000000000"), ("column-order", "metaData", "schemaString", COLUMN_ORDER),
    ("made-at", "metaData", "createdTime", 1), ("property-more", "metaData", "configuration:delta.appendOnly", "true"),
    ("called", "metaData", "name", "another"), ("earlier-format", "metaData", "configuration:cryptostream.format", "1"),
]


# Commits.

def newest_add(table):
    return next(version for version in reversed(table.versions()) if any("add" in action for action in table.actions(version)))


def change_lines(version, change):
    def damage(table):
        at = version(table)
        actions = table.actions(at)
        change(actions)
        table.write(at, actions)
        return f"version={at}"

    return damage


def first_of(actions, kind):
    return next(action[kind] for action in actions if kind in action)


def field_of_commit(version, kind, path, value):
    return change_lines(version, lambda actions: put(first_of(actions, kind), path, value))


def first(table):
    return 0


def newest_remove(table):
    return next(version for version in reversed(table.versions()) if any("remove" in action for action in table.actions(version)))


def text_of_newest(change):
    def damage(table):
        path = table.commit_path(newest_add(table))
        path.write_bytes(change(path.read_bytes()))
        return path.name

    return damage


def lowered_later(table):
    """A commit of its own, as another program's would be."""
    at = table.versions()[-1]
    table.write(at, table.actions(at) + [{"protocol": {"minReaderVersion": 1, "minWriterVersion": 2}}])
    return f"version={at}"


def other_schema_later(table):
    at = table.versions()[-1]
    metadata = json.loads(json.dumps(first_of(table.actions(0), "metaData")))
    put(metadata, "schemaString", NULLABLE)
    table.write(at, table.actions(at) + [{"metaData": metadata}])
    return f"version={at}"


def commit_of_another_version(table):
    at = newest_add(table)
    shutil.copy(table.commit_path(at - 1), table.commit_path(at))
    return f"version={at}"


COMMITS = [(f"commit-{name}", field_of_commit(first, kind, path, value)) for name, kind, path, value in SHAPE] + [
    ("commit-change-flipped", field_of_commit(newest_add, "add", "dataChange", lambda is_so: not is_so)),
    ("commit-removal-flipped", field_of_commit(newest_remove, "remove", "dataChange", lambda is_so: not is_so)),
    ("commit-change-lost", field_of_commit(newest_add, "add", "dataChange", LOST)),
    ("commit-path-lost", field_of_commit(newest_add, "add", "path", LOST)),
    ("commit-size-as-text", field_of_commit(newest_add, "add", "size", str)),
    ("commit-partition-lost", field_of_commit(newest_add, "add", "partitionValues", {})),
    ("commit-rows-lost", field_of_commit(newest_add, "add", "stats", stats("numRecords", LOST))),
    ("commit-deletion-vector", field_of_commit(newest_add, "add", "deletionVector", {"storageType": "u", "pathOrInlineDv": "x", "sizeInBytes": 1, "cardinality": 1})),
    ("commit-removal-of-another-size", field_of_commit(newest_remove, "remove", "size", lambda size: size + 1)),
    ("commit-removal-elsewhere", field_of_commit(newest_remove, "remove", "partitionValues", lambda values: {key: "7" for key in values})),
    ("commit-position-lost", field_of_commit(newest_add, "txn", "version", LOST)),
    ("commit-position-unnamed", field_of_commit(newest_add, "txn", "appId", LOST)),
    ("commit-operation", field_of_commit(newest_add, "commitInfo", "operation", lambda name: "WRITE" if name == "OPTIMIZE" else "OPTIMIZE")),
    ("commit-blind", field_of_commit(newest_remove, "commitInfo", "isBlindAppend", True)),
    ("commit-count", field_of_commit(newest_add, "commitInfo", "operationParameters.rows", "1000000")),
    ("commit-info-twice", change_lines(newest_add, lambda actions: actions.append({"commitInfo": first_of(actions, "commitInfo")}))),
    ("commit-unknown-action", change_lines(newest_add, lambda actions: actions.append({"adx": {"path": "x"}}))),
    ("commit-no-protocol", change_lines(first, lambda actions: actions.remove(next(a for a in actions if "protocol" in a)))),
    ("commit-no-object", text_of_newest(lambda text: text + b"[]\n")),
    ("commit-name-twice", text_of_newest(lambda text: text.replace(b'"size":', b'"size":1,"size":', 1))),
    ("commit-two-in-a-line", text_of_newest(lambda text: text.replace(b"\n", b" ", 1))),
    ("commit-bad-utf8", text_of_newest(lambda text: text.replace(b"part-", b"\xff\xfert-", 1))),
    ("commit-zeroes", text_of_newest(lambda text: b"\0" * len(text))),
    ("commit-of-another-version", commit_of_another_version),
    ("commit-protocol-lowered-later", lowered_later), ("commit-schema-later", other_schema_later),
]


# Checkpoints.

def newest_checkpoint(table):
    return sorted(table.log.glob("*.checkpoint.parquet"))[-1]


def change_rows(change, hint_too=True):
    """In: a function of the rows as dictionaries of their one action. The hint is made to fit, so that it does not tell."""

    def damage(table):
        path = newest_checkpoint(table)
        old = pq.read_table(path)
        rows = old.to_pylist()
        for row in rows:
            for action in row.values():  # a map comes as pairs
                for key in ("partitionValues", "configuration"):
                    if action and action.get(key) is not None:
                        action[key] = dict(action[key])
        change(rows)
        for row in rows:
            for action in row.values():
                for key in ("partitionValues", "configuration"):
                    if action and isinstance(action.get(key), dict):
                        action[key] = list(action[key].items())
        pq.write_table(type(old).from_pylist(rows, schema=old.schema), path)
        hint = json.loads((table.log / "_last_checkpoint").read_text())
        hint.update(size=len(rows), numOfAddFiles=sum(row["add"] is not None for row in rows), sizeInBytes=path.stat().st_size)
        (table.log / "_last_checkpoint").write_text(json.dumps(hint))
        return path.name

    return damage


def row_with(rows, kind):
    return next(row for row in rows if row[kind] is not None)


def field_of_checkpoint(kind, path, value):
    return change_rows(lambda rows: put(row_with(rows, kind)[kind], path, value))


def removes_a_live_file(rows):
    add = row_with(rows, "add")["add"]
    empty = dict.fromkeys(rows[0])
    rows.append({**empty, "remove": {"path": add["path"], "deletionTimestamp": 1, "dataChange": True, "size": add["size"]}})


def bytes_of_checkpoint(change):
    def damage(table):
        path = newest_checkpoint(table)
        change(path)
        return path.name

    return damage


CHECKPOINTS = [(f"checkpoint-{name}", field_of_checkpoint(kind, path, None if value is LOST and ":" not in path else value))
               for name, kind, path, value in SHAPE + SHAPE_OF_STANDINS] + [
    ("checkpoint-path", field_of_checkpoint("add", "path", lambda path: path + ".x")),
    ("checkpoint-size", field_of_checkpoint("add", "size", lambda size: size + 1)),
    ("checkpoint-time", field_of_checkpoint("add", "modificationTime", lambda time: time + 1)),
    ("checkpoint-change", field_of_checkpoint("add", "dataChange", lambda is_so: not is_so)),
    ("checkpoint-rows", field_of_checkpoint("add", "stats", stats("numRecords", 1_000_000))),
    ("checkpoint-no-statistics", field_of_checkpoint("add", "stats", None)),
    ("checkpoint-partition", field_of_checkpoint("add", "partitionValues", lambda values: {key: "7" for key in values})),
    ("checkpoint-row-id", field_of_checkpoint("add", "baseRowId", 5)),
    ("checkpoint-file-twice", change_rows(lambda rows: rows.append(row_with(rows, "add")))),
    ("checkpoint-file-lost", change_rows(lambda rows: rows.remove(row_with(rows, "add")))),
    ("checkpoint-removal-of-a-live-file", change_rows(removes_a_live_file)),
    ("checkpoint-removal-lost", change_rows(lambda rows: rows.remove(row_with(rows, "remove")))),
    ("checkpoint-removal-time", field_of_checkpoint("remove", "deletionTimestamp", lambda time: time - 1)),
    ("checkpoint-position", field_of_checkpoint("txn", "version", lambda version: version + 1)),
    ("checkpoint-position-time", field_of_checkpoint("txn", "lastUpdated", lambda time: time + 1)),
    ("checkpoint-position-renamed", field_of_checkpoint("txn", "appId", lambda name: name + "x")),
    ("checkpoint-position-twice", change_rows(lambda rows: rows.append(row_with(rows, "txn")))),
    ("checkpoint-position-lost", change_rows(lambda rows: rows.remove(row_with(rows, "txn")))),
    ("checkpoint-no-protocol", change_rows(lambda rows: rows.remove(row_with(rows, "protocol")))),
    ("checkpoint-no-metadata", change_rows(lambda rows: rows.remove(row_with(rows, "metaData")))),
    ("checkpoint-metadata-twice", change_rows(lambda rows: rows.append(row_with(rows, "metaData")))),
    ("checkpoint-cut", bytes_of_checkpoint(lambda path: path.write_bytes(path.read_bytes()[:-50]))),
    ("checkpoint-flipped", bytes_of_checkpoint(lambda path: flip(path, path.stat().st_size // 3))),
    ("checkpoint-footer", bytes_of_checkpoint(lambda path: flip(path, path.stat().st_size - 7))),
    ("checkpoint-of-text", bytes_of_checkpoint(lambda path: path.write_text("not Parquet"))),
    ("checkpoint-is-empty", bytes_of_checkpoint(lambda path: path.write_bytes(b""))),
]


# Checksums.

def text_of_checksum(change):
    def damage(table):
        path = sorted(table.log.glob("*.crc"))[-1]
        path.write_text(change(path.read_text()))
        return path.name

    return damage


def field_of_checksum(path, value):
    def changed(text):
        content = json.loads(text)
        put(content, path, value)
        return json.dumps(content)

    return text_of_checksum(changed)


IN_CHECKSUM = {"protocol": "protocol", "metaData": "metadata"}
CHECKSUMS = [(f"checksum-{name}", field_of_checksum(f"{IN_CHECKSUM[kind]}.{path}", value))
             for name, kind, path, value in SHAPE[::2] + SHAPE_OF_STANDINS[:3]] + [
    ("checksum-files", field_of_checksum("numFiles", lambda number: number + 1)),
    ("checksum-files-lost", field_of_checksum("numFiles", LOST)),
    ("checksum-bytes", field_of_checksum("tableSizeBytes", lambda number: number - 1)),
    ("checksum-protocols", field_of_checksum("numProtocol", 2)),
    ("checksum-no-metadata", field_of_checksum("metadata", LOST)),
    ("checksum-position", field_of_checksum("setTransactions", lambda all: [{**all[0], "version": all[0]["version"] + 1}, *all[1:]])),
    ("checksum-position-lost", field_of_checksum("setTransactions", lambda all: all[1:])),
    ("checksum-no-positions", field_of_checksum("setTransactions", [])),
    ("checksum-histogram", field_of_checksum("fileSizeHistogram.fileCounts", lambda all: [all[0] + 1, *all[1:]])),
    ("checksum-cut", text_of_checksum(lambda text: text[:100])), ("checksum-is-empty", text_of_checksum(lambda text: "")),
    ("checksum-of-text", text_of_checksum(lambda text: "not JSON")),
]


# The hint at the last checkpoint.

def hint(value):
    def damage(table):
        path = table.log / "_last_checkpoint"
        content = json.loads(path.read_text())
        content.update(value if isinstance(value, dict) else {})
        path.write_text(json.dumps(content) if isinstance(value, dict) else value)
        return "_last_checkpoint"

    return damage


HINTS = [("hint-is-empty", hint("")), ("hint-of-text", hint("not JSON")), ("hint-array", hint("[]")), ("hint-no-version", hint('{"size": 3}')),
         ("hint-version-as-text", hint({"version": "12"})), ("hint-elsewhere", hint({"version": 3})), ("hint-beyond", hint({"version": 10**6})),
         ("hint-below-zero", hint({"version": -1})), ("hint-size", hint({"size": 1})), ("hint-files", hint({"numOfAddFiles": 10**6})),
         ("hint-bytes", hint({"sizeInBytes": 1})), ("hint-parts", hint({"parts": 2}))]


# What is newer than the last commit.

def copied_beyond(by, suffix, parts=()):
    def damage(table):
        at = table.versions()[-1] + by
        names = [f"{at:020}{suffix}"] if not parts else [f"{at:020}{part}" for part in parts]
        source = sorted(table.log.glob("*.crc"))[-1] if suffix == ".crc" else newest_checkpoint(table)
        for name in names:
            shutil.copy(source, table.log / name)
        return names[-1]

    return damage


def checkpoint_only_newer(table):
    """As a restore leaves it: the newest commits are gone, their checkpoint is there, and the hint leads to it."""
    path = newest_checkpoint(table)
    at = int(path.name[:20])
    for version in table.versions():
        if version >= at:
            table.commit_path(version).unlink()
    return path.name


NEWER = [("newer-checkpoint", copied_beyond(1, ".checkpoint.parquet")), ("newer-far", copied_beyond(1000, ".checkpoint.parquet")),
         ("newer-in-parts", copied_beyond(5, "", [".checkpoint.0000000001.0000000002.parquet", ".checkpoint.0000000002.0000000002.parquet"])),
         ("newer-part", copied_beyond(5, "", [".checkpoint.0000000001.0000000002.parquet"])),
         ("newer-of-version-2", copied_beyond(2, ".checkpoint.3a0d65cd-4056-49b8-937b-95f9e3ee90e5.parquet")),
         ("newer-checksum", copied_beyond(1, ".crc")), ("newer-than-the-commits", checkpoint_only_newer)]

WAYS = COMMITS + CHECKPOINTS + CHECKSUMS + HINTS + NEWER
