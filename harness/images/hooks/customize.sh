# After the installation: directories as in the official images, the version told, and every trace of this machine gone.
set -eu
cd "$1"
case $REHEARSE_USER in
postgres)
	install -d -o 999 -g 999 -m 1777 var/lib/postgresql var/lib/postgresql/data
	install -d -o 999 -g 999 -m 3777 run/postgresql
	sed -i -E "s/^#?listen_addresses *=.*/listen_addresses = '*'/" usr/share/postgresql/*/postgresql.conf.sample
	version=$(chroot . sh -c '/usr/lib/postgresql/*/bin/postgres --version')
	;;
redis)
	install -d -o 999 -g 999 data
	version=$(chroot . redis-server --version)
	;;
esac
echo "version: $version" >&2
find usr/share/doc -type f ! -name copyright -delete
find usr/share/doc -depth -type d -empty -delete
rm -rf usr/share/info/* usr/share/man/* usr/share/locale/* usr/share/i18n/*
rm -rf etc/postgresql-common/createcluster.d etc/dpkg/dpkg.cfg.d/rehearse etc/apt/apt.conf.d/rehearse
rm -rf etc/apt/sources.list etc/apt/sources.list.d/* etc/hostname etc/resolv.conf
find var/log -type f -delete
rm -rf var/cache/debconf/*-old var/lib/dpkg/*-old
