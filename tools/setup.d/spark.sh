# Apache Spark with Delta Lake and its Kafka source for the tests: what the original project ran on. Sourced by tools/setup.
#
# requirements/spark-VERSION.lock names PySpark's source package, which holds Spark's own jars, and the jars that Spark lacks, with their
# SHA-256. The package is unpacked and not installed: making a wheel of 300 MB of jars would take minutes and change nothing in them.
# build/spark is a link into the cache: pyspark/ and lib/ are for Python, deps/ is Spark's home. Only `make test` and `make bench` fetch it (410 MB).

# As the original: Delta 3.1 and Spark 3.5. The Kafka source of 3.5.7 is the newest of 3.5. Spark brings what else they need.
spark_jars=(
  io.delta:delta-spark_2.12:3.1.0
  io.delta:delta-storage:3.1.0
  org.apache.spark:spark-sql-kafka-0-10_2.12:3.5.7
  org.apache.spark:spark-token-provider-kafka-0-10_2.12:3.5.7
  org.apache.kafka:kafka-clients:3.4.1
  org.apache.commons:commons-pool2:2.11.1
)

# Sets spark_lock (its name without ending) and spark_dir.
plan_spark() {
  spark_lock=$(basename "$tools_dir"/requirements/spark-*.lock .lock)
  spark_dir=$(locked_dir "$spark_lock")
}

# Leaves the package and the jars in folder $1.
fetch_spark() {
  mkdir -p "$1" "$scratch/tmp"
  TMPDIR=$scratch/tmp "$(fetch_venv)/bin/pip" download --quiet --disable-pip-version-check --no-cache-dir --no-deps --no-binary pyspark \
    --dest "$1" "pyspark==${spark_lock#spark-}" &&
    fetch_jars "$1" "$tools_dir/requirements/$spark_lock.lock" "${spark_jars[@]}"
}

install_spark() {
  local folder=$scratch/$spark_lock
  plan_spark
  if [[ ! -e $spark_dir ]]; then
    with_progress "fetching Apache Spark for the tests (410 MB)" fetch_spark "$folder" ||
      stop "cannot fetch Apache Spark with pip and mvn, see above; run make again to continue"
    holds_what_is_locked "$folder" "$tools_dir/requirements/$spark_lock.lock" ||
      stop "the files of Apache Spark are not those that $spark_lock.lock names; nothing was used of them"
    mkdir "$scratch/spark"
    tar -xzf "$folder"/pyspark-*.tar.gz -C "$scratch/spark" --strip-components=1 --no-same-owner || stop "cannot unpack Apache Spark"
    mv "$folder"/*.jar "$scratch/spark/deps/jars/"
    mv -T "$scratch/spark" "$spark_dir"
  fi
  ln -sfn "$spark_dir" "$root/build/spark"
}
