"""Damages of rows, made by a machine that knows nothing of what `verify` looks for: every column of every table set to null, to another value,
to another row's; rows dropped, doubled, put into another file. The log is made to fit, so that only the rows themselves can tell."""

import datetime
import json

import pyarrow as pa
import pyarrow.parquet as pq

from damage import Table, rewrite, set_value


def other(value, kind):
    """A value of the same type near the old one."""
    if pa.types.is_struct(kind):
        return dict(value, start=value["start"] + datetime.timedelta(seconds=60), end=value["end"] + datetime.timedelta(seconds=60))
    if pa.types.is_timestamp(kind):
        return (value or datetime.datetime(2025, 11, 22, tzinfo=datetime.timezone.utc)) + datetime.timedelta(seconds=1)
    if pa.types.is_binary(kind):
        return (value or b"") + b" "
    if pa.types.is_string(kind):
        return (value or "") + "x"
    return (value or 0) + 1


def to_null(rows, column, row):
    return None if rows[column][row] is None else set_value(column, lambda _: None, row)


def to_other(rows, column, row):
    value = other(rows[column][row], rows["types"][column])
    return set_value(column, lambda _: value, row)


def swapped(rows, column, row):
    """Two rows exchange their values of one column."""
    values = rows[column]
    partner = next((i for i in range(len(values)) if values[i] != values[row]), None)
    if partner is None:
        return None
    return lambda table: set_value(column, lambda _: values[row], partner)(set_value(column, lambda _: values[partner], row)(table))


def dropped(row):
    return lambda table: pa.concat_tables([table.slice(0, row), table.slice(row + 1)])


def doubled(row):
    return lambda table: pa.concat_tables([table, table.slice(row, 1)])


def doubled_in_place(row):
    return lambda table: pa.concat_tables([table.slice(0, row + 1), table.slice(row)])


def replaced(row):
    """A row gives way to the one behind it."""
    return lambda table: pa.concat_tables([table.slice(0, row), table.slice((row + 1) % table.num_rows, 1), table.slice(row + 1)])


def columns_of(path):
    table = pq.ParquetFile(path).read()
    return {"types": {field.name: field.type for field in table.schema}, "count": table.num_rows,
            **{name: table.column(name).to_pylist() for name in table.column_names}}


def damages_of(lake, name):
    """(id, damage) of a table: a damage is given a copy of the lake and gives the paths of what it changed."""
    table = Table(lake, name)
    adds = table.adds()
    which = max(range(len(adds)), key=lambda i: json.loads(adds[i][1]["stats"])["numRecords"])
    rows = columns_of(table.file(adds[which][1]))
    middle, last = rows["count"] // 2, rows["count"] - 1

    def damage(change, files=(which,)):
        def act(copy):
            for i in files:
                rewrite(Table(copy, name), change, i)
            return touched(lake, table, files)
        return act

    for column in rows["types"]:
        for kind in (to_null, to_other, swapped):
            change = kind(rows, column, middle)
            if change is not None:
                yield f"{name}-{column}-{kind.__name__}", damage(change)
    for place, row in {"first": 0, "middle": middle, "last": last}.items():
        yield f"{name}-{place}-dropped", damage(dropped(row))
        yield f"{name}-{place}-doubled", damage(doubled(row))
    yield f"{name}-middle-doubled_in_place", damage(doubled_in_place(middle))
    if last > 0:
        yield f"{name}-middle-replaced", damage(replaced(middle))
    if len(adds) > 1:
        partition = adds[which][1]["partitionValues"]
        elsewhere = [i for i, (_, add) in enumerate(adds) if add["partitionValues"] != partition] or [(which + 1) % len(adds)]
        yield f"{name}-last-moved", moved(lake, table, which, elsewhere[0])


def touched(lake, table, files):
    adds = table.adds()
    paths = [path for i in files for path in (table.file(adds[i][1]), table.commit_path(adds[i][0]))]
    return [path.relative_to(lake) for path in paths]


def moved(lake, table, which, to):
    """A row goes to another file, of another commit or partition."""

    def act(copy):
        of_copy = Table(copy, table.name)
        rows = pq.ParquetFile(of_copy.file(of_copy.adds()[which][1])).read()
        rewrite(of_copy, lambda others: pa.concat_tables([others, rows.slice(rows.num_rows - 1)]), to)
        rewrite(of_copy, lambda rows: rows.slice(0, rows.num_rows - 1), which)
        return touched(lake, table, (which, to))

    return act
