#!/bin/sh
# tests/drills/systemd.sh FILE [SUITE]: install.sh and its unit under a real systemd, on a bare Debian (default: bookworm).
#
# Started by hand and as root; it needs debootstrap, curl, Debian's mirror, free ports 8080, 8081 and 8777, and a kernel
# whose cgroups systemd can have. systemd is the first process of namespaces of its own, and sees nothing else.
set -eu
cd "$(dirname "$0")/../.."
file=$1
suite=${2:-bookworm}
[ "$(id -u)" -eq 0 ] || { echo "needs root" >&2; exit 1; }

work=$(mktemp -d)
root=$work/$suite
group=/sys/fs/cgroup/systemd/shutong-drill-$$
[ -d /sys/fs/cgroup/systemd ] || group=/sys/fs/cgroup/shutong-drill-$$
init=''
cleanup() {
    # The first process of a namespace takes all others along, and the mounts.
    [ -z "$init" ] || kill -KILL "$init" 2>/dev/null || true
    sleep 1
    [ ! -d "$group" ] || find "$group" -depth -type d -exec rmdir {} + || true
    rm -rf --one-file-system "$work"
}
trap cleanup EXIT
trap 'exit 1' HUP INT TERM
fail() { printf 'FAILED: %s\n' "$*" >&2; exit 1; }
ok() { printf 'ok %s\n' "$*"; }

if [ -d "${ROOTS:-/nowhere}/$suite-systemd" ]; then
    cp -a "$ROOTS/$suite-systemd" "$root"
else
    debootstrap --variant=minbase --include=systemd,dbus "$suite" "$root" "${MIRROR:-http://deb.debian.org/debian}" >/dev/null
fi
# Nothing here is for a terminal, or for the kernel's own business.
for unit in console-getty.service getty@tty1.service getty.target systemd-logind.service apt-daily.timer \
    apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer e2scrub_reap.service fstrim.timer systemd-sysctl.service \
    dev-hugepages.mount dev-mqueue.mount sys-kernel-debug.mount sys-kernel-tracing.mount; do
    ln -sf /dev/null "$root/etc/systemd/system/$unit"
done
cp install.sh "$root/root/install.sh"
cp "$file" "$root/root/shutong"
chmod 755 "$root/root/shutong"

# --- systemd in a world of its own

boot() {
    mkdir "$group"
    echo 0 >"$group/cgroup.procs"
    # shellcheck disable=SC2016 # the inner shell has them
    exec unshare --mount --pid --fork --uts --ipc --cgroup --propagation private sh -euc '
        root=$1
        mount --bind "$root" "$root"
        mount -t proc proc "$root/proc"
        mount --bind "$root/proc/sys" "$root/proc/sys"
        mount -o remount,bind,ro "$root/proc/sys"
        mount -t sysfs -o ro sysfs "$root/sys"
        if [ -d /sys/fs/cgroup/systemd ]; then
            mount -t tmpfs -o mode=755 tmpfs "$root/sys/fs/cgroup"
            mkdir "$root/sys/fs/cgroup/systemd"
            mount -t cgroup -o none,name=systemd cgroup "$root/sys/fs/cgroup/systemd"
        else
            mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup"
        fi
        for folder in run tmp dev; do mount -t tmpfs -o mode=755 tmpfs "$root/$folder"; done
        for device in null zero full random urandom tty; do
            touch "$root/dev/$device"
            mount --bind "/dev/$device" "$root/dev/$device"
        done
        ln -s /proc/self/fd "$root/dev/fd"
        mkdir -p "$root/dev/shm" "$root/dev/pts" "$root/old"
        mount -t devpts -o newinstance,ptmxmode=0666 devpts "$root/dev/pts"
        ln -s pts/ptmx "$root/dev/ptmx"
        mount -t tmpfs tmpfs "$root/dev/shm"
        # Not chroot: in one of those no process gets namespaces of its own.
        cd "$root"
        pivot_root . old
        umount -l /old
        exec env -i container=drill PATH=/usr/sbin:/usr/bin:/sbin:/bin /lib/systemd/systemd --system --show-status=0
    ' sh "$root"
}
boot >"$work/boot" 2>&1 </dev/null &
booted=$!
for _ in 1 2 3 4 5 6 7 8 9 10; do
    sleep 1
    # unshare waits for the first process.
    init=$(tr -d ' ' <"/proc/$booted/task/$booted/children" || true)
    [ -z "$init" ] || [ ! -S "/proc/$init/root/run/systemd/private" ] || break
done
[ -n "$init" ] || fail "systemd does not start: $(cat "$work/boot")"
inside() {
    nsenter --target "$init" --mount --pid --uts --ipc --cgroup --root --wd env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin "$@"
}
inside systemctl is-system-running --wait || fail "systemd is not well: $(inside systemctl --failed --no-pager)"

# --- The service

script() { inside /root/install.sh "$@"; }
answers() {
    [ "$(inside systemctl is-active shutong)" = active ] || fail "it is not active"
    [ "$(curl -s http://127.0.0.1:8080/readyz)" = ready ] || fail "it does not answer"
}
property() { inside systemctl show --property "$1" --value shutong; }
shutong() { inside /usr/local/bin/shutong --data /var/lib/shutong "$@"; }

script --binary /root/shutong --account main --app-id wx0123456789abcdef --start
answers
[ "$(property Type)" = notify ] || fail "it does not say when it is ready"
[ "$(property UnitFileState)" = enabled ] || fail "it does not start with the machine"
ok "installed and started: $(inside systemd-analyze security --no-pager shutong | tail -n 1)"

printf '《活着》\n作者：余华\n\n第一章\n\n%s\n' "$(yes 我比现在年轻十岁的时候。 | head -n 99)" >"$root/srv/huozhe.txt"
shutong book add /srv/huozhe.txt >/dev/null
# The process that converts limits itself, which the unit's filter has to let it.
shutong book get 1 --format epub -o /var/lib/shutong/huozhe.epub
[ -s "$root/var/lib/shutong/huozhe.epub" ] || fail "no conversion"
ok "it converts within its walls"

[ "$(property WatchdogUSec)" != 0 ] || fail "nobody watches"
started=$(property MainPID)
sleep 65
[ "$(property MainPID)" = "$started" ] || fail "the watchdog does not hear it"
kill -STOP "$(pgrep --ns "$init" --nslist pid -x shutong)"
# A minute without a word, then the time that a stop may take.
for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15; do
    sleep 10
    [ "$(property MainPID)" = "$started" ] || break
done
sleep 10
answers
[ "$(property MainPID)" != "$started" ] || fail "a service that hangs is not started again"
ok "one that hangs is started again"

cp "$root/root/shutong" "$root/root/next"
printf '\n' >>"$root/root/next"
script --binary /root/next
answers
printf '#!/bin/sh\ncase "$*" in *serve*) rm -rf /var/lib/shutong/db; exit 1 ;; esac\nexec /root/shutong "$@"\n' >"$root/root/broken"
printf '#!/bin/sh\ncase "$*" in *serve*) exec sleep 600 ;; esac\nexec /root/shutong "$@"\n' >"$root/root/hanging"
chmod 755 "$root/root/broken" "$root/root/hanging"
! script --binary /root/broken || fail "it took a program that does not start"
answers
! script --binary /root/hanging --wait 5 || fail "it took a program that never is ready"
answers
cmp -s "$root/root/next" "$root/usr/local/bin/shutong" || fail "the old program is not back"
shutong book list | grep -q 活着 || fail "the books are gone"
ok "upgraded; what does not start, or never is ready, is taken back"

script rollback --yes
answers
script uninstall --purge --yes
! inside id shutong >/dev/null 2>&1 || fail "the user is left"
! curl -s http://127.0.0.1:8080/readyz || fail "it still runs"
ok "gone back, and taken away"
