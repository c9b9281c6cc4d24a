#!/bin/sh
# Installs Shutong as a service of this machine, upgrades it in place, goes back, takes it away.
#
# What can be found out is not asked. Everything is tried before anything is changed: a file that does not run here, or
# does not accept the configuration, is refused while the old one still serves. A second run mends what a first one
# left undone, and leaves alone what it finds.
set -eu

usage() {
    cat <<'END'
install.sh [install] [OPTIONS]   installs, or upgrades what is there
install.sh start | stop          starts it, and waits until it answers; stops it
install.sh rollback [--yes]      goes back to the program and the data from before the last upgrade
install.sh uninstall [OPTIONS]   removes the program; the data stay, unless --purge

  --binary FILE      the program; else `shutong` beside this script, else it is built from the source beside it
  --data DIR         database, books, configuration, logs (default: as installed, else /var/lib/shutong)
  --account NAME     a first account in a new configuration, with a fresh Token and EncodingAESKey …
  --app-id ID        … and this AppID
  --nginx DOMAIN     puts a site of nginx in front of the public listener
  --caddy DOMAIN     or one of Caddy, which gets a certificate by itself
  --start            starts the service now
  --wait SECONDS     how long a start may take until the service answers (default: 60)
  --prefix DIR       installs under DIR as if that were /: for packages and tests; no user, no systemd
  --purge            with uninstall: deletes data, copies and user as well
  --yes              does not ask before data are replaced or deleted
END
}

# Whoever asked may have lost the connection; what was begun is brought to its end all the same.
say() { printf '%s\n' "$*" || true; }
fail() { printf 'install.sh: %s\n' "$*" >&2; exit 1; }

# --- What was asked for

unit_changed=''
action=install binary='' data='' account='' app_id='' proxy='' domain='' start='' wait=60 prefix='' purge='' yes=''

read_arguments() {
    while [ $# -gt 0 ]; do
        case $1 in
            --binary | --data | --account | --app-id | --nginx | --caddy | --wait | --prefix)
                [ $# -ge 2 ] || fail "$1 needs a value; see --help"
                ;;
        esac
        case $1 in
            install | start | stop | rollback | uninstall) action=$1 ;;
            --binary) binary=$2; shift ;;
            --data) data=$2; shift ;;
            --account) account=$2; shift ;;
            --app-id) app_id=$2; shift ;;
            --nginx | --caddy) proxy=${1#--} domain=$2; shift ;;
            --wait) wait=$2; shift ;;
            --prefix) prefix=${2%/}; shift ;;
            --start) start=yes ;;
            --purge) purge=yes ;;
            --yes) yes=yes ;;
            -h | --help) usage; exit ;;
            *) fail "what is $1? See --help" ;;
        esac
        shift
    done
    judge_arguments
}

judge_arguments() {
    # These go into files of others: the unit, the site, the configuration.
    [ -z "$account$app_id" ] || {
        case $account in '' | *[!a-z0-9_-]*) fail "--account: a name of small letters, digits, - and _" ;; esac
        case ${app_id#wx} in '' | "$app_id" | *[!A-Za-z0-9]*) fail "--app-id: as in the platform's console, wx…" ;; esac
    }
    [ -z "$proxy" ] || case $domain in
        *.*) case $domain in *[!A-Za-z0-9.-]*) fail "--$proxy: a domain like books.example.com" ;; esac ;;
        *) fail "--$proxy: a domain like books.example.com" ;;
    esac
    case $wait in '' | 0 | *[!0-9]*) fail "--wait: a number of seconds" ;; esac
    [ -z "$prefix" ] || {
        mkdir -p "$prefix"
        prefix=$(cd "$prefix" && pwd)
    }
}

# --- Where everything is. Names with `root_` are as this script sees them, the others as the service does.

program=/usr/local/bin/shutong

find_places() {
    here=$(cd "$(dirname "$0")" && pwd)
    root_program=$prefix$program
    root_unit=$prefix/etc/systemd/system/shutong.service
    installed_data=$(sed -n 's/^Environment=SHUTONG_DATA=//p' "$root_unit" 2>/dev/null || true)
    [ -z "$installed_data" ] || [ "${data:-$installed_data}" = "$installed_data" ] ||
        fail "it is installed with its data in $installed_data; --data cannot move them"
    data=${data:-${installed_data:-/var/lib/shutong}}
    case $data in
        *[!A-Za-z0-9._/-]* | *//* | */ | */.* | [!/]*) fail "--data: an absolute path of letters, digits, . _ -" ;;
        /home/* | /root | /root/* | /run/* | /tmp/*) fail "--data $data: the service sees no such folder; take one in /var/lib or /srv" ;;
        /*/*) ;;
        *) fail "--data: a folder of its own, like /srv/shutong" ;;
    esac
    root_data=$prefix$data
    before=$root_data.before
    has_systemd=''
    [ -n "$prefix" ] || [ ! -d /run/systemd/system ] || has_systemd=yes
    if [ -z "$prefix" ] && [ "$(id -u)" -ne 0 ]; then fail "needs root: sudo $0 …"; fi
    if [ -d "$before" ] && { [ ! -d "$root_data" ] || [ ! -d "$before/data" ]; }; then
        say "the way back was cut off; it is brought to its end now"
        stop_service
        finish_going_back
    fi
}

# --- The program

# Puts the program to be installed beside the one that is there, as `$staged`, and sees that it runs here.
stage_program() {
    [ -n "$binary" ] || find_program
    [ -f "$binary" ] || fail "there is no file $binary"
    mkdir -p "$(dirname "$root_program")"
    staged=$root_program.new
    trap 'rm -f "$staged"' EXIT
    trap 'exit 1' HUP INT TERM
    cp "$binary" "$staged"
    chmod 755 "$staged"
    version=$("$staged" --version 2>&1) || fail "$binary does not run here ($(uname -sm)): $version"
    case $version in "shutong "*) ;; *) fail "$binary is no shutong: $version" ;; esac
    [ ! -f "$root_data/shutong.toml" ] || "$staged" --data "$root_data" config check >/dev/null ||
        fail "nothing is changed: put the configuration right first"
}

find_program() {
    binary=$here/shutong
    [ ! -f "$binary" ] || return 0
    [ -f "$here/Cargo.toml" ] || fail "no program: name it with --binary FILE, or put it beside this script as shutong"
    build_program
}

# As the user who called sudo, so that no file in the source becomes root's.
build_program() {
    builder=${SUDO_USER:-$(id -un)}
    home=$(getent passwd "$builder" 2>/dev/null | cut -d: -f6)
    PATH=$PATH:${CARGO_HOME:-${home:-$HOME}/.cargo}/bin
    missing=''
    command -v cargo >/dev/null 2>&1 || missing="Rust (https://rustup.rs)"
    command -v cc >/dev/null 2>&1 || missing="${missing:+$missing and }a C compiler (Debian: apt-get install gcc libc6-dev)"
    [ -z "$missing" ] || fail "to build from source, this is missing: $missing. Or name a ready program with --binary FILE"
    say "building from source; this takes some minutes"
    set -- env PATH="$PATH" cargo build --locked --profile dist --bin shutong --manifest-path "$here/Cargo.toml"
    if [ "$builder" = "$(id -un)" ]; then "$@"; else sudo -u "$builder" -H "$@"; fi || fail "the build has failed"
    binary=${CARGO_TARGET_DIR:-$here/target}/dist/shutong
}

place_program() { mv -f "$staged" "$root_program"; }

# --- User, folder, configuration, unit

make_user() {
    [ -z "$prefix" ] || return 0
    ! id shutong >/dev/null 2>&1 || return 0
    if command -v useradd >/dev/null 2>&1; then
        useradd --system --user-group --no-create-home --home-dir "$data" --shell /usr/sbin/nologin shutong
    else
        addgroup -S shutong && adduser -S -D -H -G shutong -h "$data" -s /sbin/nologin shutong
    fi
    say "user shutong is made"
}

own() { [ -n "$prefix" ] || chown -R shutong:shutong "$@"; }

judge_data() {
    [ -d "$root_data" ] || return 0
    [ -e "$root_data/db" ] || [ -e "$root_data/shutong.toml" ] || [ -z "$(ls -A "$root_data")" ] ||
        fail "$data holds something else; take a folder of its own with --data"
    # An upgrade that fails renames the folder, which no mount point lets happen to itself.
    [ -n "$prefix" ] || [ "$(df -P "$root_data" | awk 'NR == 2 { print $6 }')" != "$root_data" ] ||
        fail "$data is where a disk is mounted; take a folder on it: --data $data/shutong"
}

make_data() {
    mkdir -p "$root_data"
    own "$root_data"
    chmod 700 "$root_data"
    [ -e "$root_data/shutong.toml" ] || make_configuration
}

letters() { LC_ALL=C tr -dc 'A-Za-z0-9' </dev/urandom | dd bs=1 count="$1" 2>/dev/null; }

# The example, with secrets of this machine's own where it has placeholders.
make_configuration() {
    set -- -e "s/3 to 32 letters and digits/$(letters 32)/" -e "s/43 letters and digits/$(letters 43)/"
    [ -z "$domain" ] || set -- "$@" -e "s|^# *public_url *=.*|public_url = \"https://$domain\"|"
    [ -z "$account" ] || set -- "$@" -e 's/^# \[\[account\]\]/[[account]]/' \
        -e '/^# \(token\|encoding_aes_key\) *= "[A-Za-z0-9]*"/s/^# //' \
        -e "s/^# name  *=.*/name             = \"$account\"/" -e "s/^# app_id  *=.*/app_id           = \"$app_id\"/"
    new=$root_data/shutong.toml.new
    (umask 077 && "$root_program" config example | sed "$@" >"$new")
    own "$new"
    mv "$new" "$root_data/shutong.toml"
    "$root_program" --data "$root_data" config check >/dev/null
    say "configuration: $data/shutong.toml"
}

unit() {
    cat <<END
# Written by Shutong's install.sh. Changes of your own: systemctl edit shutong
[Unit]
Description=Shutong, the e-book service of a WeChat Official Account
Wants=network-online.target
After=network-online.target
StartLimitIntervalSec=300
StartLimitBurst=5

[Service]
Type=notify
User=shutong
Group=shutong
# Memory goes back to the system instead of staying with each thread: a third after many uploads.
Environment=MALLOC_ARENA_MAX=2 MALLOC_TRIM_THRESHOLD_=131072
Environment=SHUTONG_DATA=$data
ExecStart=$program serve
ExecReload=/bin/kill -HUP \$MAINPID
Restart=on-failure
RestartSec=2
# Wrong usage, damaged data, data of a newer version: starting again mends none of them.
RestartPreventExitStatus=2 3 5
TimeoutStartSec=180
TimeoutStopSec=40
WatchdogSec=60
KillMode=mixed
# A conversion that the kernel ends does not end the service.
OOMPolicy=continue
LimitNOFILE=65536
LimitCORE=0
TasksMax=512

# It may write its data, reach the network, and nothing else. (PrivateUsers= is left out: many rented servers are
# containers, and there it keeps a service from starting.)
ReadWritePaths=$data
ProtectSystem=strict
ProtectHome=yes
PrivateTmp=yes
PrivateDevices=yes
PrivateMounts=yes
ProtectProc=invisible
ProcSubset=pid
ProtectClock=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectControlGroups=yes
UMask=0077
NoNewPrivileges=yes
CapabilityBoundingSet=
AmbientCapabilities=
KeyringMode=private
LockPersonality=yes
MemoryDenyWriteExecute=yes
RemoveIPC=yes
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
SystemCallArchitectures=native
SystemCallErrorNumber=EPERM
SystemCallFilter=@system-service
SystemCallFilter=~@privileged @resources
# Processes that convert books limit their own memory and time.
SystemCallFilter=setrlimit prlimit64

[Install]
WantedBy=multi-user.target
END
}

write_unit() {
    mkdir -p "$(dirname "$root_unit")"
    unit >"$root_unit.new"
    if cmp -s "$root_unit.new" "$root_unit"; then
        rm "$root_unit.new"
        return 0
    fi
    mv "$root_unit.new" "$root_unit"
    unit_changed=yes
    reload_units
}

reload_units() { [ -z "$has_systemd" ] || systemctl daemon-reload; }

# --- A site in front

site_file() {
    case $1 in
        nginx) printf '%s' "$prefix/etc/nginx/conf.d/shutong.conf" ;;
        caddy) printf '%s' "$prefix/etc/caddy/shutong.caddy" ;;
    esac
}

public_address() {
    # Judged by the program already: what is commented out is the default.
    found=$(sed -n '/^\[listen\]/,/^\[[^l]/s/^public *= *"\([^"]*\)".*/\1/p' "$root_data/shutong.toml" 2>/dev/null || true)
    found=${found:-127.0.0.1:8080}
    printf '%s' "${found#0.0.0.0:}" | sed 's/^\([0-9]*\)$/127.0.0.1:\1/'
}

nginx_site() {
    [ ! -e /proc/net/if_inet6 ] || ipv6='listen [::]:80;'
    cat <<END
# Written by Shutong's install.sh: followers and the platform reach the public listener through this site.
server {
    listen 80;
    ${ipv6:-}
    server_name $domain;
    # Addresses hold signatures and followers' names; Shutong has a log of its own, without them.
    access_log off;
    # Larger than any message of the platform.
    client_max_body_size 1m;
    location / {
        proxy_pass http://$(public_address);
        proxy_http_version 1.1;
        proxy_set_header Connection "";
        proxy_set_header Host \$host;
        proxy_set_header X-Real-IP \$remote_addr;
        proxy_set_header X-Forwarded-For \$proxy_add_x_forwarded_for;
        proxy_set_header X-Forwarded-Proto \$scheme;
        proxy_connect_timeout 3s;
        proxy_read_timeout 60s;
        # A book goes to its reader, not to this server's disk first.
        proxy_max_temp_file_size 0;
    }
}
END
}

caddy_site() {
    cat <<END
# Written by Shutong's install.sh: followers and the platform reach the public listener through this site.
$domain {
	request_body {
		max_size 1MB
	}
	reverse_proxy $(public_address) {
		transport http {
			dial_timeout 3s
			response_header_timeout 60s
		}
	}
}
END
}

judge_site() {
    [ -n "$proxy" ] && [ -z "$prefix" ] || return 0
    PATH=$PATH:/usr/sbin
    command -v "$proxy" >/dev/null 2>&1 || fail "$proxy is not installed (Debian: apt-get install $proxy); nothing is changed"
}

put_site() {
    [ -n "$proxy" ] || return 0
    site=$(site_file "$proxy")
    if [ -e "$site" ]; then
        say "site: $site is there already, and stays as it is"
        return 0
    fi
    mkdir -p "$(dirname "$site")"
    "${proxy}_site" >"$site"
    [ "$proxy" != caddy ] || import_site
    if [ -z "$prefix" ] && ! { check_site && reload_site; }; then
        remove_site "$proxy"
        fail "$proxy does not take the site (see above); it is removed again. Shutong itself is installed"
    fi
    say "site: $site"
    [ "$proxy" = caddy ] || say "  a certificate for it: certbot --nginx -d $domain"
}

import_site() {
    [ -e "$prefix/etc/caddy/Caddyfile" ] || : >"$prefix/etc/caddy/Caddyfile"
    grep -qx 'import shutong.caddy' "$prefix/etc/caddy/Caddyfile" || printf '\nimport shutong.caddy\n' >>"$prefix/etc/caddy/Caddyfile"
}

check_site() {
    case $proxy in
        nginx) nginx -t ;;
        caddy) caddy validate --config /etc/caddy/Caddyfile --adapter caddyfile ;;
    esac
}

reload_site() {
    if [ -n "$has_systemd" ]; then systemctl reload-or-restart "$proxy"; else say "reload $proxy now"; fi
}

remove_site() {
    file=$(site_file "$1")
    [ -e "$file" ] || return 0
    rm "$file"
    [ "$1" != caddy ] || {
        kept=$(grep -vx 'import shutong.caddy' "$prefix/etc/caddy/Caddyfile" || true)
        printf '%s\n' "$kept" >"$prefix/etc/caddy/Caddyfile"
    }
    [ -z "$has_systemd" ] || systemctl reload-or-restart "$1" || true
}

# --- Running it. With systemd, or without: then as a process of its own, which nobody starts again.

# Replaces this shell by a command of the service's user.
become() {
    export SHUTONG_DATA="$root_data"
    if [ -n "$prefix" ] || [ "$(id -u)" -ne 0 ]; then
        exec "$@"
    elif command -v setpriv >/dev/null 2>&1; then
        exec setpriv --reuid shutong --regid shutong --init-groups "$@"
    else
        exec su -s /bin/sh -c "exec $*" shutong
    fi
}

# The process that has the data open, if there is one.
running_pid() {
    pid=$(sed -n 's/.*"pid": *\([0-9][0-9]*\).*/\1/p' "$root_data/run.json" 2>/dev/null || true)
    [ -n "$pid" ] || return 1
    case $(readlink "/proc/$pid/exe" 2>/dev/null) in */shutong*) printf '%s' "$pid" ;; *) return 1 ;; esac
}

is_running() {
    if [ -n "$has_systemd" ]; then
        systemctl --quiet is-active shutong || running_pid >/dev/null
    else
        running_pid >/dev/null
    fi
}

stop_service() {
    [ -z "$has_systemd" ] || [ ! -e "$root_unit" ] || systemctl stop shutong || true
    if left=$(running_pid); then end_process "$left"; fi
    ! is_running || fail "it does not stop; nothing is changed"
}

# end_process PID: it has 40 seconds to bring to an end what is under way.
end_process() {
    kill -TERM "$1" 2>/dev/null || return 0
    patience=200
    while kill -0 "$1" 2>/dev/null && [ "$patience" -gt 0 ]; do
        sleep 0.2
        patience=$((patience - 1))
    done
    kill -KILL "$1" 2>/dev/null || true
}

is_ready() { (become "$root_program" health >/dev/null 2>&1); }

# Done when the service answers; an error when it has ended, or does not answer in time.
start_service() {
    if [ -n "$has_systemd" ]; then
        systemctl --quiet enable shutong
        systemctl reset-failed shutong 2>/dev/null || true
        if timeout "$wait" systemctl start shutong && is_ready; then
            return 0
        fi
        systemctl --no-pager --lines 0 status shutong >&2 || true
        journalctl --unit shutong --lines 20 --no-pager --output cat >&2 || true
        return 1
    fi
    output=$root_data/start.out
    (
        umask 077
        : >"$output"
        own "$output"
        detach=''
        ! command -v setsid >/dev/null 2>&1 || detach=setsid
        # shellcheck disable=SC2086 # nothing, or one word
        become $detach "$root_program" serve </dev/null >"$output" 2>&1
    ) &
    started=$!
    deadline=$(($(date +%s) + wait))
    while kill -0 "$started" 2>/dev/null && [ "$(date +%s)" -le "$deadline" ]; do
        ! is_ready || return 0
        sleep 0.2
    done
    ! kill -0 "$started" 2>/dev/null || printf 'no answer within %s seconds\n' "$wait" >&2
    end_process "$started"
    cat "$output" >&2
    return 1
}

tell_start() {
    if [ -n "$has_systemd" ]; then
        journalctl --unit shutong --lines 40 --no-pager --output cat | grep 'admin page' | tail -n 1 || true
    else
        grep 'admin page' "$root_data/start.out" || true
        say "  nothing starts it again after a fault or a reboot here, where systemd does not run"
    fi
}

# --- Upgrade and back

# Keeps program, unit and data as they are. Books and backups never change once they are written: they are linked, not
# copied, where the disk can do that.
back_up() {
    fresh=$before.new
    rm -rf "$fresh"
    mkdir "$fresh" && chmod 700 "$fresh" && mkdir "$fresh/data" || return 1
    need=$(du -sk "$root_data" | cut -f1)
    # Without one that was restored over, the pattern is the name of nothing.
    for entry in "$root_data/files" "$root_data/backups" "$root_data"/before-restore-*; do
        if [ -d "$entry" ] && cp -al "$entry" "$fresh/data/" 2>/dev/null; then
            need=$((need - $(du -sk "$entry" | cut -f1)))
        else
            rm -rf "$fresh/data/${entry##*/}"
        fi
    done
    free=$(df -Pk "$fresh" | awk 'NR == 2 { print $4 }')
    [ "$free" -gt $((need + 65536)) ] || {
        rm -rf "$fresh"
        say "no room for a copy of the data: $((need / 1024)) MB and some are needed, $((free / 1024)) MB are free beside $data" >&2
        return 1
    }
    for entry in "$root_data"/* "$root_data"/.[!.]*; do
        [ ! -e "$entry" ] || [ -e "$fresh/data/${entry##*/}" ] || cp -Rp "$entry" "$fresh/data/" || return 1
    done
    own "$fresh/data" && chmod 700 "$fresh/data" || return 1
    cp -p "$root_program" "$fresh/shutong" && cp -p "$root_unit" "$fresh/shutong.service" || return 1
    sync
    rm -rf "$before" && mv "$fresh" "$before"
}

go_back() {
    rm -rf "$root_data.failed"
    mv "$root_data" "$root_data.failed"
    finish_going_back
}

# A power cut may come between any two lines: what is left in the copy has not gone back yet.
finish_going_back() {
    [ ! -d "$before/data" ] || mv "$before/data" "$root_data"
    [ ! -e "$before/shutong" ] || mv "$before/shutong" "$root_program"
    [ ! -e "$before/shutong.service" ] || mv "$before/shutong.service" "$root_unit"
    rm -rf "$before"
    reload_units
}

upgrade() {
    old=$("$root_program" --version 2>/dev/null || echo "a damaged program")
    was_running=''
    ! is_running || was_running=yes
    if cmp -s "$staged" "$root_program"; then
        say "$old is installed already"
        make_data
        write_unit
        [ -z "$start" ] || [ -n "$was_running" ] || begin
        [ -z "$was_running" ] || [ -z "$unit_changed" ] || say "the unit has changed; to run by it: systemctl restart shutong"
        return 0
    fi
    say "upgrading from $old to $version"
    # From here on half of the work is worse than all of it.
    trap '' HUP INT
    stop_service
    back_up || {
        [ -z "$was_running" ] || start_service || true
        fail "no copy could be made; nothing is changed"
    }
    place_program
    write_unit
    make_data
    if [ -z "$was_running$start" ]; then
        say "it was not running, so nobody knows whether the new one does; the way back: $0 rollback"
    elif start_service; then
        say "$version is ready. What was before is in $data.before, until the next upgrade; the way back: $0 rollback"
        rm -rf "$root_data.failed"
    else
        say "$version did not become ready: going back" >&2
        stop_service
        go_back
        [ -z "$was_running" ] || start_service || fail "$old does not become ready any more either; see above"
        fail "$old is back, with its data. What the new one left is in $data.failed"
    fi
}

roll_back() {
    [ -d "$before/data" ] || fail "there is nothing to go back to: no $data.before"
    confirm "What happened since the upgrade will be gone from $data. Go back? Type yes: " yes
    was_running=''
    ! is_running || was_running=yes
    stop_service
    go_back
    [ -z "$was_running$start" ] || start_service || fail "it does not become ready; see above"
    say "$("$root_program" --version) is back. What was in the way is in $data.failed; delete it when nothing in it is missed"
}

# --- The actions

# confirm QUESTION ANSWER: an error unless that is answered.
confirm() {
    [ -z "$yes" ] || return 0
    [ -t 0 ] || fail "this needs --yes, or somebody at a terminal to ask"
    printf '%s' "$1"
    read -r answer
    [ "$answer" = "$2" ] || fail "nothing is changed"
}

install() {
    judge_data
    judge_site
    stage_program
    if [ -n "$account$domain" ] && [ -e "$root_data/shutong.toml" ]; then
        say "$data/shutong.toml is there already, and stays as it is: public_url and [[account]] are yours to change"
        account=''
    fi
    if [ -e "$root_program" ]; then
        upgrade
    else
        make_user
        place_program
        make_data
        write_unit
        say "$version is installed"
        [ -z "$start" ] || begin
    fi
    put_site
    tell_next
}

begin() {
    start_service || fail "it does not become ready; see above"
    say "it runs"
    tell_start
}

tell_next() {
    [ -z "$account" ] || {
        say "in the platform's console: URL ${domain:+https://$domain}/wechat/$account, 安全模式, and the Token and"
        say "  EncodingAESKey that stand in $data/shutong.toml"
    }
    ! is_running || return 0
    if [ -n "$has_systemd" ]; then
        say "next: fill in $data/shutong.toml, then systemctl enable --now shutong"
    else
        say "next: fill in $data/shutong.toml, then $0 start, or as user shutong: SHUTONG_DATA=$data $program serve"
    fi
}

uninstall() {
    [ -z "$purge" ] || confirm "Everything in $data will be gone. To delete it, type its name: " "$data"
    stop_service
    [ -z "$has_systemd" ] || systemctl --quiet disable shutong 2>/dev/null || true
    rm -f "$root_unit" "$root_program"
    reload_units
    remove_site nginx
    remove_site caddy
    if [ -n "$purge" ]; then
        rm -rf "$root_data" "$before" "$before.new" "$root_data.failed" "$root_unit.d"
        [ -n "$prefix" ] || userdel shutong 2>/dev/null || deluser shutong 2>/dev/null || true
        say "Shutong and its data are gone"
    else
        say "Shutong is gone; its data are still in $data"
    fi
}

read_arguments "$@"
find_places
case $action in
    install) install ;;
    start)
        [ -e "$root_program" ] || fail "it is not installed"
        if is_running; then say "it runs already"; else begin; fi
        ;;
    stop) stop_service ;;
    rollback) roll_back ;;
    uninstall) uninstall ;;
esac
