# Jars of Maven Central through Maven, and the lock files that name them. Sourced by tools/setup.
#
# A lock is a list for sha256sum: a file more, less or other than it names is refused, and nothing is used of the rest.

# Leaves the jars of the Maven coordinates (group:artifact:version) in folder $2, through a throw-away project that depends on them:
# with all that they need ($1 is with-needs), or those alone (alone).
fetch_jars() {
  local what=$1 folder=$2 coordinate group artifact version exclusions="" dependencies=""
  shift 2
  [[ $what == with-needs ]] ||
    exclusions="<exclusions><exclusion><groupId>*</groupId><artifactId>*</artifactId></exclusion></exclusions>"
  for coordinate in "$@"; do
    IFS=: read -r group artifact version <<<"$coordinate"
    dependencies+="<dependency><groupId>$group</groupId><artifactId>$artifact</artifactId><version>$version</version>$exclusions</dependency>"
  done
  mkdir -p "$scratch/project"
  cat >"$scratch/project/pom.xml" <<POM
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion><groupId>jars</groupId><artifactId>jars</artifactId><version>1</version><packaging>pom</packaging>
  <dependencies>$dependencies</dependencies>
</project>
POM
  (cd "$scratch/project" && mvn --quiet --batch-mode "-Dmaven.repo.local=$scratch/maven" \
    org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy-dependencies \
    "-DoutputDirectory=$folder" -DincludeScope=runtime)
}

# Succeeds if folder $1 holds exactly the files that the lock $2 names.
holds_what_is_locked() {
  (cd "$1" && sha256sum --check --status "$2") && [[ $(ls "$1" | wc -l) == $(wc -l <"$2") ]]
}

# Prints the cache's folder for what the lock requirements/$1.lock names.
locked_dir() { echo "$cache/$1-$(sha256sum "$tools_dir/requirements/$1.lock" | cut -c1-16)"; }
