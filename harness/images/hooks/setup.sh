# Before anything is fetched: apt inside gets this machine's ways of fetching, dpkg is kept from unpacking what no server
# needs. That leaves out LLVM and Postgres' own part of it: Postgres says that it has no JIT and works on.
set -eu
mkdir -p "$1/etc/apt/apt.conf.d" "$1/etc/dpkg/dpkg.cfg.d"
printf '%s\n' "$REHEARSE_APT" >"$1/etc/apt/apt.conf.d/rehearse"
cat >"$1/etc/dpkg/dpkg.cfg.d/rehearse" <<END
force-unsafe-io
path-exclude=/usr/share/doc/*
path-include=/usr/share/doc/*/copyright
path-exclude=/usr/share/info/*
path-exclude=/usr/share/man/*
path-exclude=/usr/share/locale/*
path-exclude=/usr/share/i18n/*
path-exclude=/usr/lib/llvm-*
path-exclude=/usr/lib/*/libLLVM*
path-exclude=/usr/lib/*/libz3.so*
path-exclude=/usr/lib/postgresql/*/lib/llvmjit*
path-exclude=/usr/lib/postgresql/*/lib/bitcode/*
END
