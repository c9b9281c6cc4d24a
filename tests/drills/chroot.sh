#!/bin/sh
# tests/drills/chroot.sh FILE [SUITE]: the file that ships, on a bare Debian (default: bullseye, of 2021).
#
# Started by hand and as root; it needs debootstrap, curl and Debian's mirror. It shows that the file runs where nothing
# is installed, how soon after the start a signed message is answered, and install.sh with a real user and real places.
set -eu
cd "$(dirname "$0")/../.."
file=$1
suite=${2:-bullseye}
mirror=${MIRROR:-http://deb.debian.org/debian}
[ "$(id -u)" -eq 0 ] || { echo "needs root" >&2; exit 1; }

root=$(mktemp -d)/$suite
cleanup() {
    [ ! -e "$root/tmp/pid" ] || kill "$(cat "$root/tmp/pid")" 2>/dev/null || true
    [ ! -e "$root/tmp/install.sh" ] || inside /tmp/install.sh stop >/dev/null 2>&1 || true
    # Nothing is deleted through a mount that is still there.
    ! mountpoint -q "$root/proc" || umount "$root/proc"
    rm -rf --one-file-system "$(dirname "$root")"
}
trap cleanup EXIT
trap 'exit 1' HUP INT TERM
fail() { printf 'FAILED: %s\n' "$*" >&2; exit 1; }
inside() { chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin "$@"; }
free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
now() { date +%s%N; }
since() { echo $((($(now) - $1) / 1000000)); }

if [ -d "${ROOTS:-/nowhere}/$suite" ]; then
    # One that was made before, to save the time.
    mkdir -p "$root" && cp -a "$ROOTS/$suite/." "$root"
else
    debootstrap --variant=minbase "$suite" "$root" "$mirror" >/dev/null
fi
mountpoint -q "$root/proc" || mount -t proc proc "$root/proc"
printf '%s, %s\n' "$(sed -n 's/^PRETTY_NAME=//p' "$root/etc/os-release")" "$(inside ldd --version | head -n 1)"

# --- The file, copied and started

cp "$file" "$root/usr/bin/shutong"
chmod 755 "$root/usr/bin/shutong"
inside shutong --version
port=$(free_port)
began=$(now)
(
    # In place of this shell, so that its number is the program's.
    exec chroot "$root" env -i SHUTONG_LISTEN__PUBLIC="127.0.0.1:$port" SHUTONG_LISTEN__TOKEN=127.0.0.1:0 \
        SHUTONG_LISTEN__ADMIN=127.0.0.1:0 /usr/bin/shutong --data /tmp/data serve --demo >"$root/tmp/out" 2>&1
) &
echo $! >"$root/tmp/pid"
until grep -q '^curl' "$root/tmp/out"; do
    kill -0 "$(cat "$root/tmp/pid")" || fail "it ended: $(cat "$root/tmp/out")"
    [ "$(since "$began")" -lt 20000 ] || fail "it does not start"
    sleep 0.02
done
printf 'ready after %s ms\n' "$(since "$began")"
answer=$(sh -c "$(grep '^curl' "$root/tmp/out")")
took=$(since "$began")
case $answer in *"<MsgType><![CDATA[text]]></MsgType>"*) ;; *) fail "no answer: $answer" ;; esac
[ "$took" -le 2000 ] || fail "a signed message was answered after $took ms only"
printf 'a signed message answered %s ms after the start\n' "$took"
printf '《书》\n\n第一章\n\n%s\n' "$(yes 一句话。 | head -n 99)" >"$root/tmp/book.txt"
inside shutong convert /tmp/book.txt /tmp/book.epub >/dev/null || fail "it does not convert"
sleep 3
printf 'resident: %s kB\n' "$(awk '/VmRSS/ { print $2 }' "/proc/$(cat "$root/tmp/pid")/status")"
kill "$(cat "$root/tmp/pid")"
while kill -0 "$(cat "$root/tmp/pid")" 2>/dev/null; do sleep 0.1; done
rm "$root/tmp/pid" "$root/usr/bin/shutong"

# --- install.sh, with a user and in the usual places

cp install.sh "$root/tmp/install.sh"
cp "$file" "$root/tmp/shutong"
port=$(free_port)
script() {
    inside SHUTONG_LISTEN__PUBLIC="127.0.0.1:$port" SHUTONG_LISTEN__TOKEN=127.0.0.1:0 SHUTONG_LISTEN__ADMIN=127.0.0.1:0 /tmp/install.sh "$@"
}
answers() { [ "$(curl -s "http://127.0.0.1:$port/readyz")" = ready ] || fail "it does not answer"; }
script --account main --app-id wx0123456789abcdef --start
answers
owner=$(stat -c %U:%a "$root/var/lib/shutong/shutong.toml" 2>/dev/null)
inside stat -c '%U %a %n' /var/lib/shutong /var/lib/shutong/shutong.toml /usr/local/bin/shutong
pid=$(sed -n 's/.*"pid": *\([0-9]*\).*/\1/p' "$root/var/lib/shutong/run.json")
[ "$(awk '/^Uid:/ { print $2 }' "/proc/$pid/status")" = "$(inside id -u shutong)" ] || fail "it does not run as shutong ($owner)"
cp "$root/tmp/shutong" "$root/tmp/next"
printf '\n' >>"$root/tmp/next"
script --binary /tmp/next
answers
cat >"$root/tmp/broken" <<'END'
#!/bin/sh
case "$*" in *serve*) exit 1 ;; esac
exec /tmp/shutong "$@"
END
chmod 755 "$root/tmp/broken"
! script --binary /tmp/broken || fail "it took a program that does not start"
answers
cmp -s "$root/tmp/next" "$root/usr/local/bin/shutong" || fail "the old program is not back"
script uninstall --purge --yes
! inside id shutong >/dev/null 2>&1 || fail "the user is left"
[ -z "$(find "$root/var/lib" "$root/etc/systemd" "$root/usr/local" -name 'shutong*')" ] || fail "something is left"
echo "everything went well"
