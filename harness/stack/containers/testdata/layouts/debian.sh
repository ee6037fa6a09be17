# Writes the files of an image laid out like the Debian variant of an official one, as a tar stream. It runs as root in
# a local image of that server: $1 is the server, $2 the major version of Postgres that the layout is of. What that image
# keeps in volumes is made anew in /image, which is empty and shows its own files only.
set -eu
account=$(id -u "$1"):$(id -g "$1")
if [ "$account" != 999:999 ]; then
	echo "the account $1 is $account in the local image, and 999:999 in official ones" >&2
	exit 1
fi
cd /image
case $1 in
postgres)
	home=var/lib/postgresql
	# The programs look for their libraries beside themselves; the rest is where they were built to find it.
	[ "$2" = "$PG_MAJOR" ] || mv "/usr/lib/postgresql/$PG_MAJOR" "/usr/lib/postgresql/$2"
	install -d -o postgres -g postgres -m 1777 "$home"
	[ "$2" -ge 18 ] || install -d -o postgres -g postgres -m 1777 "$home/data"
	;;
redis)
	home=data
	[ -x /usr/local/bin/redis-server ] || mv /usr/bin/redis-* /usr/local/bin
	install -d -o redis -g redis "$home"
	;;
esac
printf '#!/bin/sh\necho the entrypoint of the image ran >&2\nexit 64\n' >/usr/local/bin/docker-entrypoint.sh
chmod 755 /usr/local/bin/docker-entrypoint.sh
cd /
tar -c --one-file-system --anchored --exclude="$home" $(ls | grep -vxE "image|proc|sys|dev") -C /image "./$home"
