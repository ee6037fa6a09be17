# Before the server is installed: its user gets the ids the official images give it, and its packages make no cluster.
set -eu
echo "$REHEARSE_USER:x:999:" >>"$1/etc/group"
echo "$REHEARSE_USER:*:999:999::$REHEARSE_HOME:/bin/sh" >>"$1/etc/passwd"
mkdir -p "$1/etc/postgresql-common/createcluster.d"
echo 'create_main_cluster = false' >"$1/etc/postgresql-common/createcluster.d/rehearse.conf"
