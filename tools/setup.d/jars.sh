# Jars of Maven Central through Maven, and the lock files that name them. Sourced by tools/setup.
#
# A lock is a list for sha256sum: a file more, less or other than it names is refused, and nothing is used of the rest.

# Leaves in folder $1 the jars that the lock $2 names, out of the Maven coordinates (group:artifact:version) and all that they need. They are
# named as build extensions of a throw-away project, which Maven itself fetches before anything else: no plugin is downloaded or run, and
# of the jars nothing is used before the lock's hashes have been checked.
fetch_jars() {
  local folder=$1 lock=$2 coordinate group artifact version extensions="" jar
  shift 2
  for coordinate in "$@"; do
    IFS=: read -r group artifact version <<<"$coordinate"
    extensions+="<extension><groupId>$group</groupId><artifactId>$artifact</artifactId><version>$version</version></extension>"
  done
  mkdir -p "$folder" "$scratch/project"
  cat >"$scratch/project/pom.xml" <<POM
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion><groupId>jars</groupId><artifactId>jars</artifactId><version>1</version><packaging>pom</packaging>
  <build><extensions>$extensions</extensions></build>
</project>
POM
  (cd "$scratch/project" && mvn --quiet --batch-mode "-Dmaven.repo.local=$scratch/maven" validate) || return 1
  while read -r _ jar; do
    [[ $jar != *.jar ]] || find "$scratch/maven" -name "$jar" -exec cp {} "$folder" \;
  done <"$lock"
}

# Succeeds if folder $1 holds exactly the files that the lock $2 names.
holds_what_is_locked() {
  (cd "$1" && sha256sum --check --status "$2") && [[ $(ls "$1" | wc -l) == $(wc -l <"$2") ]]
}

# Prints the cache's folder for what the lock requirements/$1.lock names.
locked_dir() { echo "$cache/$1-$(sha256sum "$tools_dir/requirements/$1.lock" | cut -c1-16)"; }
