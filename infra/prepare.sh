# What must be there before the containers start: /data/storage for who writes into it, and passwords that nobody has chosen.
#   sh prepare.sh UID GID
set -eu
uid=$1 gid=$2

# Docker makes a folder that is not there as root; an empty one is nobody's loss. One with tables is not ours to give away.
for folder in /data/storage /data/storage-demo; do
  owner=$(stat -c %u "$folder")
  [ "$owner" = "$uid" ] && continue
  if [ -z "$(ls -A "$folder")" ]; then
    chown "$uid:$gid" "$folder"
  elif [ "$folder" = /data/storage ]; then
    echo "prepare: the storage belongs to user $owner, but cryptostream would run as user $uid." >&2
    echo "prepare: start it as that user: CRYPTOSTREAM_UID=$owner CRYPTOSTREAM_GID=$(stat -c %g "$folder") docker compose up -d (make up does so)" >&2
    exit 1
  fi
done

# A password is made once. Who may read it is in one of these containers, each of which runs as a user of its own.
for secret in postgres grafana; do
  [ -s "/secrets/$secret" ] && continue
  head -c 24 /dev/urandom | base64 | tr -d '\n/+=' > "/secrets/$secret.new"
  chmod 444 "/secrets/$secret.new"
  mv "/secrets/$secret.new" "/secrets/$secret"
done
