#!/bin/sh
# A real PostgreSQL with TimescaleDB (Apache edition) out of Debian's own packages, unpacked into a folder of ours and run on
# 127.0.0.1: for the tests, and for trying Anling on one machine. Needs neither root nor a change of the host; Debian 13's
# packages run on Debian 12 because they bring their own loader and libraries.
#   scripts/timescale.sh start | stop | status | install      (start prints the address, nothing else)
# TS_SUITE trixie (PostgreSQL 17) or forky (18); TS_HOME the folder; TS_PORT; TS_DATA; DEBIAN_MIRROR when apt's own is not wanted.
set -eu
suite=${TS_SUITE:-trixie}
case $suite in
  trixie) major=17 ;;
  forky|sid) major=18 ;;
  *) echo "TS_SUITE: trixie or forky, not $suite" >&2; exit 2 ;;
esac
base=${TS_HOME:-$(cd "$(dirname "$0")/.." && pwd)/.cache/timescaledb-$suite}
port=${TS_PORT:-21113}
data=${TS_DATA:-$base/data}
root=$base/root
bin=$root/usr/lib/postgresql/$major/bin

fail() { echo "timescale.sh: $*" >&2; exit 1; }

# PostgreSQL refuses uid 0. As root: an ordinary uid in a user namespace; where those are forbidden, the account nobody.
as_user() {
  if [ "$(id -u)" != 0 ]; then "$@"
  elif unshare --user --map-user=1000 --map-group=1000 true 2>/dev/null; then unshare --user --map-user=1000 --map-group=1000 "$@"
  else chown -R nobody:nogroup "$data"; setpriv --reuid=nobody --regid=nogroup --clear-groups "$@"; fi
}

mirror_of_this_machine() {
  cat /etc/apt/sources.list.d/*.sources /etc/apt/sources.list /etc/apt/sources.list.d/*.list 2>/dev/null |
    sed -n 's/^URIs: *\([^ ]*\).*/\1/p; s/^deb \(\[[^]]*\] \)\{0,1\}\([^ ]*\) .*/\2/p' | grep '/debian/\{0,1\}$' | head -1
}

install() {
  [ -e "$base/.complete" ] && return 0
  command -v dpkg-deb >/dev/null && command -v apt-get >/dev/null || fail "needs Debian (apt-get and dpkg-deb)"
  arch=$(dpkg --print-architecture)
  mirror=${DEBIAN_MIRROR:-$(mirror_of_this_machine)}
  [ -n "$mirror" ] || fail "no Debian mirror in this machine's apt sources; set DEBIAN_MIRROR"
  apt=$base/apt
  rm -rf "$root" "$apt"
  mkdir -p "$root" "$apt/lists/partial" "$apt/archives/partial" "$apt/state"
  echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror $suite main" > "$apt/sources.list"
  # An apt of our own with an empty idea of what is installed, but for what an unpacked server can do without.
  for package in libllvm19 libz3-4 postgresql-common postgresql-client-common ssl-cert locales; do
    printf 'Package: %s\nStatus: install ok installed\nArchitecture: %s\nMulti-Arch: foreign\nMaintainer: none <none@localhost>\nVersion: 9:9999\nDescription: left out\n\n' "$package" "$arch"
  done > "$apt/status"
  cat > "$apt/apt.conf" <<CONF
Dir::Etc::SourceList "$apt/sources.list"; Dir::Etc::SourceParts "/dev/null"; Dir::Etc::Preferences "/dev/null"; Dir::Etc::PreferencesParts "/dev/null";
Dir::State "$apt/state"; Dir::State::Lists "$apt/lists"; Dir::State::Status "$apt/status"; Dir::Cache "$apt"; Dir::Cache::Archives "$apt/archives";
APT::Architecture "$arch"; APT::Architectures "$arch"; APT::Install-Recommends "false"; APT::Sandbox::User ""; Acquire::Languages "none"; Acquire::Retries "3"; Debug::NoLocking "true";
CONF
  APT_CONFIG=$apt/apt.conf apt-get -qq update >&2 || fail "the Debian mirror cannot be reached"
  APT_CONFIG=$apt/apt.conf apt-get -qq -y --download-only install "postgresql-$major-timescaledb" >&2 || fail "postgresql-$major-timescaledb cannot be downloaded"
  for deb in "$apt"/archives/*.deb; do dpkg-deb -x "$deb" "$root"; done
  for deb in "$apt/archives/postgresql-${major}"_*.deb "$apt/archives/postgresql-$major-timescaledb"_*.deb; do
    echo "$(dpkg-deb -f "$deb" Package) $(dpkg-deb -f "$deb" Version)"
  done > "$base/versions"
  lib=$(dirname "$(ls "$root"/usr/lib/*-linux-gnu*/libc.so.6 | head -1)")
  loader=$(ls "$lib"/ld-linux-*.so.* "$root"/usr/lib/ld-linux-*.so.* 2>/dev/null | head -1)
  for program in postgres initdb pg_ctl psql pg_dump pg_restore pg_isready; do # each started by its own loader
    [ -f "$bin/$program" ] || continue
    mv "$bin/$program" "$bin/$program.real"
    printf '#!/bin/sh\nexec %s --library-path %s --argv0 %s %s "$@"\n' "$loader" "$lib" "$bin/$program" "$bin/$program.real" > "$bin/$program"
    chmod 755 "$bin/$program"
  done
  rm -rf "$apt" "$root/usr/share/doc" "$root/usr/share/man" "$root/usr/share/locale" "$root/usr/lib/postgresql/$major/lib/bitcode"
  : > "$base/.complete"
}

start() {
  install
  if [ ! -e "$data/PG_VERSION" ]; then
    mkdir -p "$data"; chmod 700 "$data"
    as_user "$bin/initdb" -D "$data" -U postgres -A trust --encoding=UTF8 --locale=C --locale-provider=builtin --builtin-locale=C.UTF-8 > "$base/initdb.log" 2>&1 || { rm -rf "$data"; cat "$base/initdb.log" >&2; fail "initdb failed"; }
    cat >> "$data/postgresql.conf" <<CONF
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
shared_preload_libraries = 'timescaledb'
timescaledb.telemetry_level = off
max_connections = 200
max_worker_processes = 32
jit = off
CONF
  fi
  if ! as_user "$bin/pg_ctl" -D "$data" status > /dev/null 2>&1; then
    as_user "$bin/pg_ctl" -D "$data" -o "-p $port" -l "$data/server.log" -w start > /dev/null || { tail -5 "$data/server.log" >&2; fail "the server did not start"; }
  fi
  echo "bin $bin" >&2
  echo "postgres://postgres@127.0.0.1:$(sed -n 4p "$data/postmaster.pid")/postgres"
}

case ${1:-} in
  install) install; cat "$base/versions" ;;
  start) start ;;
  stop) as_user "$bin/pg_ctl" -D "$data" -m fast -w stop ;;
  status) as_user "$bin/pg_ctl" -D "$data" status ;;
  *) echo "usage: $0 start|stop|status|install" >&2; exit 2 ;;
esac
