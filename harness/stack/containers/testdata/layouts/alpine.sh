# Writes the files of an image laid out like the Alpine variant of an official one, as a tar stream. It runs as root in a
# local image of that server: $1 is the server. There is nothing in the new image but the server with its libraries, and
# busybox, which comes in on standard input: so whatever is called there is busybox's, or is not there. The libraries
# are glibc's where Alpine's are musl's.
set -eu
cd /image
mkdir -m 755 bin dev etc home proc root run sbin sys usr usr/bin usr/local usr/local/bin usr/local/lib usr/sbin usr/share var var/lib
mkdir -m 1777 tmp
ln -s ../run var/run
cat >bin/busybox
chmod 755 bin/busybox
chroot . /bin/busybox --install -s
echo root:x:0:0:root:/root:/bin/sh >etc/passwd
echo root:x:0: >etc/group
case $1 in
postgres)
	# The programs look for their libraries beside themselves; the rest is where they were built to find it.
	cp -L "/usr/lib/postgresql/$PG_MAJOR"/bin/* usr/local/bin
	cp -L "/usr/lib/postgresql/$PG_MAJOR"/lib/*.so usr/local/lib
	rm -f usr/local/lib/*llvm*
	cp -rL --parents "/usr/share/postgresql/$PG_MAJOR" /usr/share/zoneinfo/UTC .
	set -- usr/local/bin/* usr/local/lib/*
	echo postgres:x:70:70:Linux User,,,:/var/lib/postgresql:/bin/sh >>etc/passwd
	echo postgres:x:70: >>etc/group
	install -d -o 70 -g 70 -m 1777 var/lib/postgresql
	install -d -o 70 -g 70 -m 3777 run/postgresql
	;;
redis)
	cp -L "$(command -v redis-server)" "$(command -v redis-cli)" usr/local/bin
	set -- usr/local/bin/*
	echo redis:x:999:1000:Linux User,,,:/home/redis:/sbin/nologin >>etc/passwd
	echo redis:x:1000:redis >>etc/group
	install -d -o 999 -g 1000 data home/redis
	;;
esac
cp -L --parents $(ldd "$@" | awk '$2 == "=>" && $3 ~ "^/" { print $3 } $1 ~ "^/" && $2 ~ "^\\(" { print $1 }' | sort -u) .
printf '#!/bin/sh\necho the entrypoint of the image ran >&2\nexit 64\n' >usr/local/bin/docker-entrypoint.sh
chmod 755 usr/local/bin/docker-entrypoint.sh
tar -c .
