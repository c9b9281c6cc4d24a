#!/bin/sh
# tests/install.sh BINARY: install.sh from nothing to a service that answers, upgraded, refused, rolled back, taken away;
# and what others say of the unit, the sites, the Dockerfile and the compose file. Under an empty prefix, as anybody.
# tests/run.sh installs what it needs. TEST_LINTERS is the folder with hadolint and check-jsonschema.
set -eu
cd "$(dirname "$0")/.."
binary=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
PATH=$PATH:/usr/sbin

work=$(mktemp -d)
root=$work/root
data=$root/var/lib/shutong
passed=0
cleanup() {
    [ $? -eq 0 ] || [ ! -e "$work/said" ] || { echo "FAILED; it said last:" && sed 's/^/    /' "$work/said"; } >&2
    [ ! -e "$data/run.json" ] || ./install.sh --prefix "$root" stop >/dev/null 2>&1 || true
    [ ! -e "$work/nginx.pid" ] || kill "$(cat "$work/nginx.pid")" 2>/dev/null || true
    rm -rf "$work"
}
trap cleanup EXIT
trap 'exit 1' HUP INT TERM

fail() { printf 'FAILED: %s\n' "$*" >&2; exit 1; }
ok() { passed=$((passed + 1)); printf 'ok %s\n' "$*"; }

# Runs the script; everything it says is in $work/said. To install, name a program: it would build one.
run() { ./install.sh --prefix "$root" "$@" >"$work/said" 2>&1 </dev/null; }
said() { grep -q -e "$1" "$work/said" || fail "it did not say: $1"; }
refuses() { expected=$1; shift; ! run "$@" || fail "it took $*"; said "$expected"; }
mode() { stat -c %a "$1"; }
installed() { "$root/usr/local/bin/shutong" --data "$data" "$@"; }

# --- What others say

shellcheck install.sh ship.sh .ci/run tests/*.sh tests/drills/*.sh
ok "shell scripts are clean"
"$TEST_LINTERS/hadolint" Dockerfile
ok "Dockerfile"
"$TEST_LINTERS/check-jsonschema" --builtin-schema vendor.compose-spec compose.yaml >/dev/null
ok "compose file"

# --- A program to install. Without what only a debugger reads, because it is copied often.

strip -o "$work/shutong" "$binary" 2>/dev/null || cp "$binary" "$work/shutong"
free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
public=127.0.0.1:$(free_port)
export SHUTONG_LISTEN__PUBLIC="$public" SHUTONG_LISTEN__TOKEN=127.0.0.1:0 SHUTONG_LISTEN__ADMIN=127.0.0.1:0

# another NAME: a further version, which differs in nothing.
another() { cp "$work/shutong" "$work/$1" && printf '\n#%s\n' "$1" >>"$work/$1"; }

# broken NAME COMMANDS: a further version that does this instead of serving.
broken() {
    { printf '#!/bin/sh\ncase "$*" in *serve*) %s ;; esac\nexec "%s" "$@"\n' "$2" "$work/shutong"; } >"$work/$1"
    chmod 755 "$work/$1"
}

# message TEXT: what the follower is answered.
message() {
    token=$(sed -n 's/^token *= "\(.*\)"/\1/p' "$data/shutong.toml")
    now=$(date +%s) nonce=$(od -An -N8 -tx1 /dev/urandom | tr -d ' \n')
    signature=$(printf '%s\n' "$token" "$now" "$nonce" | LC_ALL=C sort | tr -d '\n' | sha1sum | cut -c1-40)
    curl -sf "http://${2:-$public}/wechat/main?signature=$signature&timestamp=$now&nonce=$nonce&openid=oReader" \
        -H "Host: ${3:-$public}" -H 'Content-Type: text/xml' -d "<xml><ToUserName>gh_0</ToUserName><FromUserName>oReader</FromUserName><CreateTime>$now</CreateTime>
<MsgType>text</MsgType><Content>$1</Content><MsgId>$(printf '%d' "0x$(printf '%.14s' "$nonce")")</MsgId></xml>"
}
answers() { message "$@" | grep -q "$1" || fail "no answer to $1"; }
books() { installed book list --json; }

# --- Refused, before anything is changed

refuses 'does not run here' --binary README.md
refuses 'there is no file' --binary "$work/nowhere"
refuses 'what is --bogus' --bogus
refuses '--app-id' --binary "$work/shutong" --account main --app-id 'wx"'
refuses '--account' --binary "$work/shutong" --account 'Main' --app-id wx1
refuses '--nginx' --binary "$work/shutong" --nginx 'a.b;evil'
refuses 'absolute path' --binary "$work/shutong" --data 'data'
refuses 'folder of its own' --binary "$work/shutong" --data /srv
refuses 'sees no such folder' --binary "$work/shutong" --data /home/books
mkdir -p "$root/srv/others"
touch "$root/srv/others/file"
refuses 'holds something else' --binary "$work/shutong" --data /srv/others
[ -z "$(find "$root" -name 'shutong*')" ] || fail "something is left: $(find "$root" -name 'shutong*')"
ok "what cannot be done is refused, and leaves nothing"

# --- From the source

mkdir "$work/source" "$work/bin"
cp install.sh Cargo.toml "$work/source"
for tool in sh env sed cut dirname id uname mkdir rm cp chmod cat ls awk df; do ln -s "$(command -v "$tool")" "$work/bin/$tool"; done
from_source() { env -u CARGO_TARGET_DIR PATH="$work/bin" CARGO_HOME="$work/none" "$work/source/install.sh" --prefix "$work/built" >"$work/said" 2>&1; }
! from_source || fail "it built without a compiler"
said 'missing: Rust.*C compiler'
printf '#!/bin/sh\nexit 1\n' >"$work/bin/cargo"
cp "$work/bin/cargo" "$work/bin/cc"
chmod 755 "$work/bin/cargo" "$work/bin/cc"
! from_source || fail "it went on after a build that failed"
said 'the build has failed'
ok "what is missing for a build is said"

# --- Installed, started

run --binary "$work/shutong" --account main --app-id wx0123456789abcdef --nginx books.example.com
said '/wechat/main'
{ [ "$(mode "$data")" = 700 ] && [ "$(mode "$data/shutong.toml")" = 600 ]; } || fail "others can read the data"
cp "$data/shutong.toml" "$work/first.toml"
grep -q '^public_url = "https://books.example.com"' "$work/first.toml" || fail "no public_url"
for secret in 'token *= "[A-Za-z0-9]\{32\}"' 'encoding_aes_key *= "[A-Za-z0-9]\{43\}"' 'name *= "main"' 'app_id *= "wx0123456789abcdef"'; do
    grep -q "^$secret" "$work/first.toml" || fail "no $secret in the configuration"
done
! grep -q 'letters and digits' "$work/first.toml" || fail "a placeholder is left"
run --binary "$work/shutong"
said 'installed already'
cmp -s "$data/shutong.toml" "$work/first.toml" || fail "a second run has changed the configuration"
./install.sh --prefix "$work/twin" --binary "$work/shutong" --account main --app-id wx1 >/dev/null
secret_of() { sed -n 's/^encoding_aes_key *= //p' "$1"; }
[ "$(secret_of "$work/twin/var/lib/shutong/shutong.toml")" != "$(secret_of "$work/first.toml")" ] || fail "two machines have one secret"
ok "installed, with secrets of its own; a second run changes nothing"

# A plain message can be made by a shell.
sed -i 's/^# mode .*/mode = "compatible"/' "$data/shutong.toml"
run start
said 'it runs'
said 'admin page, first visit'
[ "$(curl -sf "http://$public/readyz")" = ready ] || fail "it does not answer"
printf '《活着》\n作者：余华\n\n第一章\n\n%s\n' "$(yes 我比现在年轻十岁的时候。 | head -n 50)" >"$work/huozhe.txt"
installed book add "$work/huozhe.txt" >/dev/null
answers 活着
books >"$work/books"
ok "started, it answers a signed message"

unit=$root/etc/systemd/system/shutong.service
systemd-analyze security --offline=true --threshold=15 "$unit" >"$work/said" || fail "the unit is too open"
ok "the unit:$(tail -n 1 "$work/said" | sed 's/.*://')"
# The judge wants the program at its place.
mkdir "$work/unit"
sed "s|^ExecStart=.*|ExecStart=$(command -v true)|" "$unit" >"$work/unit/shutong.service"
systemd-analyze verify "$work/unit/shutong.service" 2>&1 | grep shutong >"$work/said" && fail "systemd does not understand the unit"
ok "systemd understands the unit"

# --- The site in front, with its addresses changed to free ones

front=$(free_port)
{
    echo "pid $work/nginx.pid; error_log $work/nginx.log; events {} http { access_log off;"
    for kind in client_body proxy fastcgi uwsgi scgi; do echo "${kind}_temp_path $work/$kind;"; done
    sed -e "s/listen 80;/listen 127.0.0.1:$front;/" -e '/listen \[::\]/d' -e "s/127.0.0.1:8080/$public/" "$root/etc/nginx/conf.d/shutong.conf"
    echo "}"
} >"$work/nginx.conf"
nginx -c "$work/nginx.conf" -e "$work/nginx.log" 2>"$work/said" || fail "nginx does not take the site"
answers 活着 "127.0.0.1:$front" books.example.com
kill "$(cat "$work/nginx.pid")"
rm -f "$work/nginx.pid"
ok "it answers through nginx"
run --binary "$work/shutong" --caddy books.example.com
said 'stays as it is'
caddy adapt --config "$root/etc/caddy/Caddyfile" --validate >"$work/said" 2>&1 || fail "Caddy does not take the site"
said '127.0.0.1:8080'
ok "Caddy takes its site"

# --- Upgraded

pid_of() { sed -n 's/.*"pid": *\([0-9]*\).*/\1/p' "$data/run.json"; }
same_books() {
    books >"$work/now"
    cmp -s "$work/books" "$work/now" || fail "the books have changed"
}
another second
run --binary "$work/second"
said 'is ready'
cmp -s "$work/second" "$root/usr/local/bin/shutong" || fail "it is not the new program"
cmp -s "$work/shutong" "$data.before/shutong" || fail "the old program is not kept"
[ "$(mode "$data.before")" = 700 ] || fail "others can read the copy"
answers 活着
same_books
ok "upgraded, with a copy of what was before"

# --- Refused while it serves

was=$(pid_of)
printf '#!/bin/sh\nexit 1\n' >"$work/dead"
chmod 755 "$work/dead"
refuses 'does not run here' --binary "$work/dead"
printf '#!/bin/sh\necho other 1.0\n' >"$work/other"
refuses 'is no shutong' --binary "$work/other"
printf '#!/bin/sh\ncase "$*" in *config*) echo "shutong: bogus is no key" >&2; exit 1 ;; esac\nexec "%s" "$@"\n' "$work/shutong" >"$work/strict"
refuses 'bogus is no key' --binary "$work/strict"
[ "$(pid_of)" = "$was" ] || fail "it was stopped for a program that could not be taken"
answers 活着
ok "a program that does not run here, or not with this configuration, stops nothing"

mkdir "$work/full"
printf '#!/bin/sh\necho disk blocks used free\necho disk 100 90 10\n' >"$work/full/df"
chmod 755 "$work/full/df"
another fourth
(PATH=$work/full:$PATH && refuses 'no room for a copy' --binary "$work/fourth")
cmp -s "$work/second" "$root/usr/local/bin/shutong" || fail "it was upgraded without a copy"
answers 活着
same_books
ok "without room for a copy nothing is upgraded"

# --- Rolled back

broken damaging "rm -rf '$data/db' '$data/files'; mkdir '$data/db'; echo junk >'$data/db/db'; echo no more >&2; exit 1"
refuses 'going back' --binary "$work/damaging"
said 'no more'
said 'is back, with its data'
cmp -s "$work/second" "$root/usr/local/bin/shutong" || fail "it is not the old program"
[ "$(cat "$data.failed/db/db")" = junk ] || fail "what the new one left is not kept"
answers 活着
same_books
installed check --deep >/dev/null || fail "the data are damaged"
ok "a program that dies and leaves damage: the old one serves the old data"

broken hanging 'exec sleep 600'
refuses 'going back' --binary "$work/hanging" --wait 2
said 'within 2 seconds'
answers 活着
same_books
ok "a program that never answers: likewise"

another third
run --binary "$work/third"
cp "$work/huozhe.txt" "$work/later.txt"
sed -i 's/活着/兄弟/' "$work/later.txt"
installed book add "$work/later.txt" >/dev/null
refuses 'needs --yes' rollback
run rollback --yes
cmp -s "$work/second" "$root/usr/local/bin/shutong" || fail "it is not the old program"
answers 活着
same_books
refuses 'nothing to go back to' rollback --yes
ok "back on demand, to the data from before the upgrade"

# A power cut between the first rename and the second, and behind the second.
for step in 1 2; do
    run --binary "$work/third"
    run stop
    rm -rf "$data.failed"
    mv "$data" "$data.failed"
    [ "$step" = 1 ] || mv "$data.before/data" "$data"
    run start
    said 'was cut off'
    cmp -s "$work/second" "$root/usr/local/bin/shutong" || fail "it is not the old program"
    answers 活着
    same_books
done
ok "a way back that was cut off is gone to its end"

# --- Taken away

run uninstall
said 'still in /var/lib/shutong'
for gone in "$root/usr/local/bin/shutong" "$unit" "$root/etc/nginx/conf.d/shutong.conf"; do
    [ ! -e "$gone" ] || fail "$gone is left"
done
! grep -q shutong "$root/etc/caddy/Caddyfile" || fail "Caddy still wants the site"
! curl -s "http://$public/readyz" >/dev/null || fail "it still runs"
run --binary "$work/shutong" --start
answers 活着
same_books
ok "uninstalled and installed again, it has its books"
refuses 'needs --yes' uninstall --purge
answers 活着
run uninstall --purge --yes
[ -z "$(find "$root" -name 'shutong*')" ] || fail "something is left: $(find "$root" -name 'shutong*')"
ok "purged, nothing is left"

printf '%s passed, 0 failed\n' "$passed"
