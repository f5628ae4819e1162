# Apache Kafka for the tests, 3.9 and the newest 4.x: what Maven Central holds. Sourced by tools/setup.
#
# requirements/kafka-VERSION.lock names every jar with its SHA-256. build/kafka/VERSION is a link into the cache, as for the
# other libraries. Only `make test` and `make bench` fetch it (90 MB).

# Sets brokers (versions) and brokers_missing.
plan_brokers() {
  local lock version
  brokers=() brokers_missing=()
  for lock in "$tools_dir"/requirements/kafka-*.lock; do
    version=${lock##*/kafka-} version=${version%.lock}
    brokers+=("$version")
    [[ -e $(locked_dir "kafka-$version") ]] || brokers_missing+=("$version")
  done
}

install_brokers() {
  local version folder lock
  plan_brokers
  mkdir -p "$root/build/kafka"
  for version in "${brokers[@]}"; do
    folder=$scratch/kafka-$version lock=$tools_dir/requirements/kafka-$version.lock
    if [[ " ${brokers_missing[*]} " == *" $version "* ]]; then
      with_progress "fetching Apache Kafka $version for the tests (45 MB)" \
        fetch_jars "$folder" "$lock" "org.apache.kafka:kafka_2.13:$version" ||
        stop "cannot fetch Apache Kafka with mvn, see above; run make again to continue"
      holds_what_is_locked "$folder" "$lock" ||
        stop "the jars of Apache Kafka $version are not those that ${lock##*/} names; nothing was used of them"
      mv -T "$folder" "$(locked_dir "kafka-$version")"
    fi
    ln -sfn "$(locked_dir "kafka-$version")" "$root/build/kafka/$version"
  done
}
