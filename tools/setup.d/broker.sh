# Apache Kafka for the tests, 3.9 and the newest 4.x: what Maven Central holds, through Maven. Sourced by tools/setup.
#
# requirements/kafka-VERSION.lock names every jar with its SHA-256; a jar more, less or other is refused. build/kafka/VERSION
# is a link into the cache, as for the other libraries. Only `make test` fetches it (90 MB).

# Sets brokers (versions) and brokers_missing.
plan_brokers() {
  local lock version
  brokers=() brokers_missing=()
  for lock in "$tools_dir"/requirements/kafka-*.lock; do
    version=${lock##*/kafka-} version=${version%.lock}
    brokers+=("$version")
    [[ -e $(broker_dir "$version") ]] || brokers_missing+=("$version")
  done
}

broker_dir() { echo "$cache/kafka-$1-$(sha256sum "$tools_dir/requirements/kafka-$1.lock" | cut -c1-16)"; }

# Leaves a broker's jars in folder $2, through a throw-away project that depends on it.
fetch_broker() {
  local version=$1 folder=$2
  mkdir -p "$folder"
  cat >"$folder/pom.xml" <<POM
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion><groupId>jars</groupId><artifactId>jars</artifactId><version>1</version><packaging>pom</packaging>
  <dependencies>
    <dependency><groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>$version</version></dependency>
  </dependencies>
</project>
POM
  (cd "$folder" && mvn --quiet --batch-mode "-Dmaven.repo.local=$scratch/maven" \
    org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy-dependencies \
    "-DoutputDirectory=$folder/jars" -DincludeScope=runtime)
}

install_brokers() {
  local version folder lock
  plan_brokers
  mkdir -p "$root/build/kafka"
  for version in "${brokers[@]}"; do
    folder=$scratch/kafka-$version lock=$tools_dir/requirements/kafka-$version.lock
    if [[ " ${brokers_missing[*]} " == *" $version "* ]]; then
      with_progress "fetching Apache Kafka $version for the tests (45 MB)" fetch_broker "$version" "$folder" ||
        stop "cannot fetch Apache Kafka with mvn, see above; run make again to continue"
      (cd "$folder/jars" && sha256sum --check --status "$lock") && [[ $(ls "$folder/jars" | wc -l) == $(wc -l <"$lock") ]] ||
        stop "the jars of Apache Kafka $version are not those that ${lock##*/} names; nothing was used of them"
      mv -T "$folder/jars" "$(broker_dir "$version")"
    fi
    ln -sfn "$(broker_dir "$version")" "$root/build/kafka/$version"
  done
}
