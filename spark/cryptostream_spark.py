"""The pipeline's application for Spark: bronze -> silver -> gold on a cluster, with the rules of the C++ engine.

Spark spreads the work, moves it between tasks and does it again where a machine fails. What is done is `cryptostream operator` inside the tasks,
one implementation of every rule, and `cryptostream commit` beside the driver, the lake's one writer. Between them travel notes: a few values, one
of which holds many rows of data as bytes, so that neither Spark nor Python looks at a price. That is also why these are RDDs: there are no rows
to be gained by a DataFrame, which would ask for pandas on every executor; pyarrow is enough. Public interfaces of Spark 3.5 and 4 only, and no
Delta library: nobody but `cryptostream commit` writes to a log.

Started by `cryptostream spark submit`, which says where everything lies.
"""

import argparse
import itertools
import json
import os
import subprocess
import sys
import tempfile
import threading
import time

import pyarrow as pa

PLAN = "cryptostream.plan"
NOTES = pa.schema([("bucket", pa.int32()), ("kind", pa.string()), ("name", pa.string()), ("text", pa.string()), ("a", pa.int64()), ("b", pa.int64()),
                   ("bytes", pa.binary())])
ROWS_A_BATCH = 4_000_000
LONGEST_COMPLAINT = 4_000  # bytes of an operator's stderr that an error repeats


def find_binary(home):
    """The program where this task runs: in the archive that came with the application, or where the driver has it."""
    for folder in (os.path.join(os.getcwd(), "cryptostream"), home):
        path = os.path.join(folder, "bin", "cryptostream")
        if os.access(path, os.X_OK):
            return path
    raise RuntimeError(f"no cryptostream program on this executor: neither in the archive (./cryptostream/bin) nor in {home}")


def operator(step, plan, home, before=()):
    """A function for mapPartitions that sends its notes, tuples, through `cryptostream operator STEP`. `before`: notes that every task gets first."""

    def run(notes):
        with subprocess.Popen([find_binary(home), "operator", step], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            complaint = bytearray()
            failure, broken = [], None

            def listen():
                while piece := process.stderr.read(4096):
                    complaint.extend(piece)
                    del complaint[:-LONGEST_COMPLAINT]

            def feed():
                try:
                    with pa.ipc.new_stream(process.stdin, NOTES.with_metadata({PLAN: plan})) as stream:
                        for note in itertools.chain(before, notes):
                            stream.write_batch(to_arrow([note]))
                    process.stdin.close()
                except BrokenPipeError:
                    pass  # the operator says why it has ended
                except Exception as error:  # noqa: BLE001 - told by the task, which waits for the operator
                    failure.append(error)
                    process.kill()

            threads = [threading.Thread(target=listen, daemon=True), threading.Thread(target=feed, daemon=True)]
            for thread in threads:
                thread.start()
            try:
                with pa.ipc.open_stream(process.stdout) as results:
                    for batch in results:
                        yield from zip(*(column.to_pylist() for column in batch.columns))
            except (pa.ArrowInvalid, OSError) as error:
                broken = error  # mostly because the operator has ended, and then it says why
            except GeneratorExit:  # nobody wants the rest
                process.kill()
                raise
            code = process.wait()
            for thread in threads:
                thread.join()
            if failure:
                raise failure[0]
            if code != 0:
                said = complaint.decode(errors="replace").strip() or "it said nothing"
                raise RuntimeError(f"cryptostream operator {step} ended with {code}: {said}")
            if broken:
                raise RuntimeError(f"cryptostream operator {step} gave what is no Arrow stream: {broken}")

    return run


def to_arrow(notes):
    return pa.RecordBatch.from_arrays([pa.array(values, field.type) for values, field in zip(zip(*notes), NOTES)], schema=NOTES)


class Driver:
    """`cryptostream commit`, asked a line at a time."""

    def __init__(self, home, arguments):
        self.process = subprocess.Popen([find_binary(home), "commit", *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(self, *words):
        try:
            self.process.stdin.write(" ".join(map(str, words)) + "\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            pass  # its last answer, or its end, says why
        line = self.process.stdout.readline()
        if not line:
            sys.exit(f"cryptostream commit ended with {self.process.wait()}, see its last lines above")
        answer = json.loads(line)
        if "error" in answer:
            self.process.wait()
            sys.exit(f"cryptostream: {answer['error']}")
        return answer

    def close(self):
        self.process.stdin.close()
        return self.process.wait()


def silver_batch(context, driver, home, rows):
    """Makes one batch of silver, if bronze has something that silver has not."""
    job = driver.ask("silver-next", rows)
    if job["rows"] == 0:
        return False
    plan = job["plan"]
    inputs = [tuple((note | {"bytes": b""})[name] for name in NOTES.names) for note in job["inputs"]]
    files = context.parallelize(inputs, min(len(inputs), 4 * context.defaultParallelism))
    ticks = files.mapPartitions(operator("parse", plan, home)).map(lambda note: (note[0], note))
    said = ticks.partitionBy(job["buckets"], int).values().mapPartitions(operator("dedup", plan, home, inputs)).collect()
    with tempfile.NamedTemporaryFile(suffix=".arrow") as file:
        with pa.ipc.new_stream(file, NOTES) as stream:
            stream.write_batch(to_arrow(said))
        file.flush()
        done = driver.ask("silver-commit", file.name)
    print(f"cryptostream: silver: rows={job['rows']} since the start: kept={done['silver']} duplicates={done['duplicates']} "
          f"rejected={done['rejected']}", file=sys.stderr, flush=True)
    return True


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--home", required=True, help="the tree of `make install` on the driver's machine")
    parser.add_argument("--exit-when-done", action="store_true", help="end when everything is worked in, and close all windows")
    parser.add_argument("--rows", type=int, default=ROWS_A_BATCH, help="rows of a batch (default %(default)s)")
    parser.add_argument("--every", type=float, default=1.0, help="seconds between two looks at a lake that has nothing new (default %(default)s)")
    parser.add_argument("commit", nargs="*", help="flags of `cryptostream commit`, after --")
    flags = parser.parse_args()

    from pyspark import SparkContext

    driver = Driver(flags.home, flags.commit)
    context = SparkContext(appName="cryptostream")
    try:
        while True:
            if silver_batch(context, driver, flags.home, flags.rows):
                continue
            if flags.exit_when_done:
                driver.ask("drain-close")
                break
            time.sleep(flags.every)
    finally:
        context.stop()
    sys.exit(driver.close())


if __name__ == "__main__":
    main()
