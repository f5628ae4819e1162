"""A Spark session as the original's scripts made theirs, out of the files that the set-up of `make test` fetched; small, without its page."""

import os
import pathlib
import sys

HOME = pathlib.Path(__file__).resolve().parents[2] / "build/spark"
sys.path += [str(HOME), *map(str, HOME.glob("lib/py4j-*.zip"))]

SETTINGS = {
    "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension",
    "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
    "spark.sql.session.timeZone": "UTC",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.sql.shuffle.partitions": "1",
    "spark.databricks.delta.snapshotPartitions": "1",
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.driver.memory": "1g",
}


def session(folder):
    """Starts a JVM of this process's own; all that it writes goes below `folder`."""
    os.environ["SPARK_HOME"] = str(HOME.resolve() / "deps")
    os.environ["SPARK_LOCAL_DIRS"] = str(folder / "local")
    from pyspark.sql import SparkSession

    places = {"spark.sql.warehouse.dir": str(folder / "warehouse"),
              "spark.driver.extraJavaOptions": f"-XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Djava.io.tmpdir={folder}"}
    builder = SparkSession.builder.master("local[2]")
    for name, value in (SETTINGS | places).items():
        builder = builder.config(name, value)
    made = builder.getOrCreate()
    made.sparkContext.setLogLevel("ERROR")
    return made


def end(session):
    """Ends the session and its JVM."""
    gateway = session.sparkContext._gateway
    session.stop()
    gateway.shutdown()
    gateway.proc.stdin.close()
    gateway.proc.wait(30)
