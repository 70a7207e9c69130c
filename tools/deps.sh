#!/usr/bin/env bash
# Installs what a set of weir's make verbs needs, and nothing when it is there already.
#
#   tools/deps.sh build            compiler, meson, libraries (apt), DuckDB's library (npm)
#   tools/deps.sh mariadb          MariaDB's programs (apt)
#   tools/deps.sh servers          MariaDB, and MySQL (Debian sid, unpacked in the cache)
#   tools/deps.sh test             pytest and foreign readers of the lake (PyPI, in a virtual environment)
#   tools/deps.sh lint             clang and clang-format (apt)
#   tools/deps.sh bench            what weir is measured against
#   tools/deps.sh print NAME       where things lie: cache-dir duckdb-dir mysql-dir venv-dir bench-venv-dir
#
# Several sets may be named at once. For Debian 12; apt is run as root or through sudo, and only when a
# package is missing. apt, npm and pip are used as they are configured (mirrors, proxies). Downloads
# live in $WEIR_CACHE, by default ~/.cache/weir, and are shared by all clones.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cache="${WEIR_CACHE:-${XDG_CACHE_HOME:-${HOME:-/tmp}/.cache}/weir}"
duckdb_dir="$cache/duckdb-1.5.6"
mysql_dir="$cache/mysql"

# Folders for downloads, thrown away however this ends.
work=
trap '[ -z "$work" ] || rm -rf "$work"' EXIT

say() { echo "deps: $*" >&2; }
die() { echo "deps: error: $*" >&2; exit 1; }

# One folder a version of the list, so that a changed pin makes a new environment.
venv_dir() { echo "$cache/$1-$(sha256sum <"$2" | cut -c1-12)"; }
test_venv=$(venv_dir venv "$root/tests/requirements.txt")
bench_venv=
if [ -f "$root/bench/requirements.txt" ]; then
    bench_venv=$(venv_dir bench-venv "$root/bench/requirements.txt")
fi

# Runs a command with its output in a log; shows the log's end only when it fails.
logged() {
    local name=$1
    shift
    mkdir -p "$cache/log"
    if "$@" >"$cache/log/$name.log" 2>&1 </dev/null; then
        return 0
    fi
    tail -n 15 "$cache/log/$name.log" >&2
    return 1
}

as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    elif [ -t 2 ]; then
        sudo "$@"
    else
        sudo -n "$@"
    fi
}

apt_install() {
    local package missing=()
    for package in "$@"; do
        if [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" != installed ]; then
            missing+=("$package")
        fi
    done
    [ ${#missing[@]} -gt 0 ] || return 0
    command -v apt-get >/dev/null || die "this machine has no apt-get: install these by hand: ${missing[*]}"
    if [ "$(id -u)" != 0 ] && ! command -v sudo >/dev/null; then
        die "packages are missing and this is neither root nor is there sudo: run as root: apt-get install --no-install-recommends ${missing[*]}"
    fi
    say "installing with apt: ${missing[*]}"
    # The first attempt spares `apt-get update` where the lists are good; old or empty lists fail here.
    local install=(env DEBIAN_FRONTEND=noninteractive apt-get -q -y --no-install-recommends install)
    if ! as_root "${install[@]}" "${missing[@]}" >/dev/null 2>&1 </dev/null; then
        logged apt-update as_root apt-get -q update ||
            die "apt-get update failed (network? root?): full log in $cache/log/apt-update.log"
        logged apt-install as_root "${install[@]}" "${missing[@]}" ||
            die "apt could not install ${missing[*]}: full log in $cache/log/apt-install.log"
    fi
}

# ---- DuckDB: Debian 12 has no package; the official build is in npm -----------------------------------

fetch_duckdb() {
    [ -f "$duckdb_dir/verified" ] && return 0
    # A DuckDB of the system wins; meson looks for it first too.
    if [ -f /usr/include/duckdb.h ] || [ -f /usr/local/include/duckdb.h ]; then
        return 0
    fi
    local machine sum file only package path
    machine=$(uname -m)
    grep -q "libduckdb.so:$machine " "$root/tools/duckdb.sha256" ||
        die "no checksum of DuckDB's library is pinned for $machine (tools/duckdb.sha256): install DuckDB 1.4 or later with its header, or build with meson -Dduckdb_dir=DIR"
    if ! command -v npm >/dev/null; then
        say "DuckDB's library is in npm: installing Debian's npm and Node.js, some 300 small packages, to fetch two files (they are not used otherwise)"
        apt_install npm
    fi
    work=$(mktemp -d "$cache/duckdb.XXXXXX")
    mkdir -p "$work/out"
    while read -r sum file package path; do
        only=${file#*:}
        file=${file%:*}
        if [ "$only" != any ] && [ "$only" != "$machine" ]; then
            continue
        fi
        say "fetching $package with npm"
        (cd "$work" && rm -f ./*.tgz &&
            npm_config_cache="$work/npm" npm_config_update_notifier=false logged npm npm pack --silent "$package") ||
            die "npm could not fetch $package (network? registry?): full log in $cache/log/npm.log"
        mkdir -p "$(dirname "$work/out/$file")"
        tar -xzf "$work"/*.tgz -O "$path" >"$work/out/$file" || die "$package has no file $path"
        echo "$sum  $work/out/$file" | sha256sum --check --status ||
            die "$path of $package is not what tools/duckdb.sha256 pins; it was thrown away"
    done < <(grep -v '^#' "$root/tools/duckdb.sha256")
    touch "$work/out/verified"
    rm -rf "$duckdb_dir"
    mv "$work/out" "$duckdb_dir"
    rm -rf "$work"
}

# ---- MySQL: not in Debian 12 ---------------------------------------------------------------------------

# The packages of Debian sid that mysql-server-core needs are resolved and checked (signatures) by apt
# with a state folder of its own, and unpacked, not installed: no root, no chroot, nothing of the system
# changes. The server is started through the C library that comes with it (tools/server.sh).
debian_mirror() {
    apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Origin: Debian' 'Label: Debian' \
        2>/dev/null | sort -u | head -n 1
}

fetch_mysql() {
    [ -f "$mysql_dir/verified" ] && return 0
    command -v apt-get >/dev/null || die "MySQL is unpacked from Debian's packages: this machine has no apt-get"
    say "fetching MySQL from Debian sid into $mysql_dir (60 MB)"
    local mirror keyring=/usr/share/keyrings/debian-archive-keyring.gpg
    # The mirror that apt uses for Debian itself; a proxy is in apt's own configuration.
    mirror=${WEIR_DEBIAN_MIRROR:-$(debian_mirror)}
    if [ -z "$mirror" ]; then
        logged apt-update as_root apt-get -q update || true
        mirror=$(debian_mirror)
    fi
    [ -n "$mirror" ] ||
        die "apt has no lists of Debian, so its mirror is not known: run apt-get update as root, or set WEIR_DEBIAN_MIRROR"
    [ -f $keyring ] || apt_install debian-archive-keyring
    work=$(mktemp -d "$cache/mysql.XXXXXX")
    mkdir -p "$work"/{state/lists/partial,cache/archives/partial,empty,out}
    : >"$work/status"
    echo "deb [signed-by=$keyring] $mirror sid main" >"$work/sources.list"
    # Valid-Until is not asked, as debootstrap does not: a mirror that is some weeks behind will do for a
    # server that tests run against. Signatures are checked.
    cat >"$work/apt.conf" <<END
Dir::State "$work/state";
Dir::State::status "$work/status";
Dir::Cache "$work/cache";
Dir::Etc::sourcelist "$work/sources.list";
Dir::Etc::sourceparts "$work/empty";
Dir::Etc::preferences "$work/empty/none";
Dir::Etc::preferencesparts "$work/empty";
Dir::Log "$work";
Acquire::Languages "none";
Acquire::IndexTargets::deb::DEP-11::DefaultEnabled "false";
Acquire::Retries "3";
Acquire::Check-Valid-Until "false";
APT::Install-Recommends "false";
APT::Sandbox::User "";
END
    if ! APT_CONFIG="$work/apt.conf" logged mysql-update apt-get -q update ||
        ! APT_CONFIG="$work/apt.conf" logged mysql-fetch apt-get -q -y --download-only install mysql-server-core; then
        die "MySQL's packages could not be fetched from Debian sid (network? a mirror without sid? then set WEIR_DEBIAN_MIRROR): logs in $cache/log/mysql-*.log"
    fi
    local deb
    for deb in "$work"/cache/archives/*.deb; do
        case $(basename "$deb") in perl*|libperl*) continue ;; esac     # only for maintainer scripts
        dpkg-deb -x "$deb" "$work/out"
    done
    [ -x "$work/out/usr/sbin/mysqld" ] || die "mysql-server-core of Debian sid has no usr/sbin/mysqld"
    rm -rf "$work"/out/usr/share/{doc,man,locale}
    touch "$work/out/verified"
    rm -rf "$mysql_dir"
    mv "$work/out" "$mysql_dir"
    rm -rf "$work"
}

# ---- Python ----------------------------------------------------------------------------------------------

make_venv() {
    local dir=$1 requirements=$2
    [ -f "$dir/ready" ] && return 0
    local python=/usr/bin/python3
    [ -x $python ] || python=python3
    apt_install python3-venv
    say "installing $(basename "$(dirname "$requirements")")/requirements.txt with pip into $dir"
    rm -rf "$dir"
    logged venv "$python" -m venv "$dir" || die "python -m venv failed: full log in $cache/log/venv.log"
    logged pip "$dir/bin/python" -m pip install --disable-pip-version-check --only-binary :all: -r "$requirements" ||
        die "pip could not install $requirements (network? index?): full log in $cache/log/pip.log"
    touch "$dir/ready"
}

# ---- Sets -------------------------------------------------------------------------------------------------

set_build() {
    apt_install gcc libc6-dev make meson ninja-build pkg-config \
        libmariadb-dev libjansson-dev libyaml-dev libzstd-dev libedit-dev libsqlite3-dev libxxhash-dev libcmocka-dev
    fetch_duckdb
}

set_mariadb() {
    # The -core packages bring programs only: no service, no /etc, no user, nothing that starts.
    apt_install mariadb-server-core mariadb-client-core openssl
}

set_servers() {
    set_mariadb
    fetch_mysql
}

set_test() {
    make_venv "$test_venv" "$root/tests/requirements.txt"
}

set_lint() {
    apt_install clang clang-format llvm python3
}

set_bench() {
    apt_install mydumper
    if [ -n "$bench_venv" ]; then
        make_venv "$bench_venv" "$root/bench/requirements.txt"
    fi
}

[ $# -gt 0 ] || die "which set? build, mariadb, servers, test, lint, bench, or print NAME"

if [ "$1" = print ]; then
    case ${2-} in
        cache-dir) echo "$cache" ;;
        duckdb-dir) echo "$duckdb_dir" ;;
        mysql-dir) echo "$mysql_dir" ;;
        venv-dir) echo "$test_venv" ;;
        bench-venv-dir) echo "$bench_venv" ;;
        *) die "print what? cache-dir, duckdb-dir, mysql-dir, venv-dir or bench-venv-dir" ;;
    esac
    exit 0
fi

mkdir -p "$cache" || die "the folder $cache cannot be made: set WEIR_CACHE to one that can"
# Two makes at once wait for each other instead of unpacking over each other.
exec 9>"$cache/lock"
flock 9

for name in "$@"; do
    case $name in
        build | mariadb | servers | test | lint | bench) "set_$name" ;;
        *) die "unknown set \"$name\": build, mariadb, servers, test, lint or bench" ;;
    esac
done
