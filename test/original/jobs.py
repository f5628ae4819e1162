"""Spark jobs of the original's form, written from its description: topic -> bronze -> silver -> gold, each a stream into a Delta table."""

import pyspark.sql.functions as F
from pyspark.sql.types import DoubleType, StringType, StructField, StructType, TimestampType

MESSAGE = StructType([StructField("timestamp", DoubleType()), StructField("coin_id", StringType()), StructField("price", DoubleType()),
                      StructField("volume_24h", DoubleType())])

# The tables of the original, as Spark gives the schema of a Delta table: every column may be null.
BRONZE = StructType([StructField("key", StringType()), StructField("value", StringType()), StructField("timestamp", TimestampType())])
SILVER = StructType([StructField("coin_id", StringType()), StructField("price", DoubleType()), StructField("volume_24h", DoubleType()),
                     StructField("api_timestamp", TimestampType()), StructField("ingestion_timestamp", TimestampType())])
WINDOW = StructType([StructField("start", TimestampType()), StructField("end", TimestampType())])
GOLD = StructType([StructField("window", WINDOW), StructField("coin_id", StringType()), StructField("avg_price", DoubleType()),
                   StructField("max_price", DoubleType()), StructField("min_price", DoubleType())])


def run(frame, folder):
    """Writes all that there is to a Delta table and gives the table's path."""
    query = (frame.writeStream.format("delta").outputMode("append").option("checkpointLocation", str(folder / "checkpoint"))
             .trigger(availableNow=True).start(str(folder / "table")))
    assert query.awaitTermination(180), "the job did not come to an end"
    return folder / "table"


def stream(session, table):
    return session.readStream.format("delta").load(str(table))


def bronze(session, broker, topic):
    source = (session.readStream.format("kafka").option("kafka.bootstrap.servers", broker).option("subscribe", topic)
              .option("startingOffsets", "earliest").load())
    return source.selectExpr("CAST(key AS STRING)", "CAST(value AS STRING)", "timestamp")


def silver(bronze_stream):
    parsed = bronze_stream.withColumn("data", F.from_json("value", MESSAGE))
    return parsed.select("data.coin_id", "data.price", "data.volume_24h", F.col("data.timestamp").cast("timestamp").alias("api_timestamp"),
                         F.col("timestamp").alias("ingestion_timestamp"))


def gold(silver_stream):
    grouped = silver_stream.withWatermark("api_timestamp", "30 seconds").groupBy(F.window("api_timestamp", "1 minute"), "coin_id")
    return grouped.agg(F.avg("price").alias("avg_price"), F.max("price").alias("max_price"), F.min("price").alias("min_price"))


def rows(session, table, *columns):
    """The rows of a table in order, with times as microseconds since 1970."""
    frame = session.read.format("delta").load(str(table)).selectExpr(*columns)
    return sorted(map(tuple, frame.collect()))


SILVER_COLUMNS = ["coin_id", "price", "volume_24h", "unix_micros(api_timestamp)", "unix_micros(ingestion_timestamp)"]
GOLD_COLUMNS = ["unix_micros(window.start)", "unix_micros(window.end)", "coin_id", "avg_price", "max_price", "min_price"]
