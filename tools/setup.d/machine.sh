# What the machine lacks, and how it comes in. Sourced by tools/setup.
#
# Everything is looked at before anything is fetched: commands with their versions, headers, Python modules (needs.txt), the
# rights to install what is missing, and room on the disk. What exists is used wherever it comes from (rustup, nodesource,
# /usr/local), so a package is asked for only when the thing itself is not there.

# Succeeds if version $1 is at least $2.
version_at_least() { [[ $(printf '%s\n%s\n' "$2" "$1" | sort -V | head -n 1) == "$2" ]]; }

# Prints the version that a command tells of itself.
version_of() { "$1" --version 2>/dev/null | grep -oE '[0-9]+(\.[0-9]+)+' | head -n 1; }

have_command() {
  command -v "$1" >/dev/null || return 1
  [[ $2 == - ]] || version_at_least "$(version_of "$1")" "$2"
}

have_header() {
  local folder
  for folder in /usr/include /usr/local/include "/usr/include/$(uname -m)-linux-gnu"; do
    [[ -e $folder/$1 ]] && return 0
  done
  return 1
}

have_module() { python3 -c "import $1" 2>/dev/null; }

# Fills missing_packages with the Debian packages that the given tiers lack.
find_missing_packages() {
  local tiers=" $* " tier kind name least packages
  missing_packages=()
  while read -r tier kind name least packages; do
    [[ -z $tier || $tier == \#* || $tiers != *" $tier "* ]] && continue
    "have_$kind" "$name" "$least" || missing_packages+=($packages)
  done <"$setup_dir/needs.txt"
}

# Says how apt can be run: sets apt_runner to "root", "sudo" or "none".
find_apt_runner() {
  apt_runner=none
  if ((EUID == 0)); then
    apt_runner=root
  elif command -v sudo >/dev/null && timeout 1 sudo -n true 2>/dev/null; then
    apt_runner=sudo
  fi
}

apt_line() { echo "apt-get update && apt-get install -y --no-install-recommends ${missing_packages[*]}"; }

# Stops within a moment, with the one line to paste, when packages are missing that we may not install.
stop_unless_installable() {
  ((${#missing_packages[@]} == 0)) && return 0
  if ! command -v apt-get >/dev/null; then
    stop "this machine has no apt-get; install what these Debian packages hold, then run make again: ${missing_packages[*]}"
  fi
  [[ $apt_runner != none ]] && return 0
  say "missing: ${missing_packages[*]}"
  say "paste this line, then run make again:"
  if command -v sudo >/dev/null; then
    echo "  sudo sh -c '$(apt_line)'"
  else
    echo "  su -c '$(apt_line)'"
  fi
  exit 1
}

install_missing_packages() {
  ((${#missing_packages[@]} == 0)) && return 0
  say "installing: $([[ $apt_runner == sudo ]] && echo 'sudo ')sh -c '$(apt_line)'"
  local as=()
  [[ $apt_runner == sudo ]] && as=(sudo -n)
  "${as[@]}" env DEBIAN_FRONTEND=noninteractive sh -c "$(apt_line)" </dev/null || stop "apt-get failed, see above; run make again to continue"
  find_missing_packages "$@"
  if ((${#missing_packages[@]} > 0)); then
    stop "still missing or too old after the installation: ${missing_packages[*]} (is an older one first on the PATH?)"
  fi
}

# Prints the MB that apt would download; a guess when the machine has no package lists yet.
apt_download_mb() {
  ((${#missing_packages[@]} == 0)) && { echo 0; return; }
  local bytes
  bytes=$(apt-get install --print-uris -qq --no-install-recommends "${missing_packages[@]}" 2>/dev/null |
    awk '{ sum += $3 } END { print sum + 0 }')
  ((bytes > 0)) && echo $((bytes / 1000000 + 1)) || echo 300
}

# Stops if the disk that holds folder $1 has less than $2 MB free.
stop_unless_room() {
  local free_mb
  free_mb=$(df -Pm "$1" | awk 'NR == 2 { print $4 }')
  ((free_mb >= $2)) || stop "not enough room: $1 has $free_mb MB free and $2 MB are needed"
}
