#!/usr/bin/env bash
# A short run of every scenario against a node of its own: `make load`.
#
#   short-run.sh FOLDER_OF_PROGRAMS FOLDER_FOR_REPORTS
#
# LOAD_USERS, LOAD_SECONDS and LOAD_RATE make it larger or longer.
set -euo pipefail

programs=$1
reports=$2
users=${LOAD_USERS:-1000}
seconds=${LOAD_SECONDS:-5}
rate=${LOAD_RATE:-5000}

mkdir -p "$reports"
ready=$(mktemp -u "$reports/ready.XXXXXX")
node=
finish() {
    if [[ -n $node ]]; then
        kill -TERM "$node" 2>/dev/null || true
        wait "$node" || true
    fi
    rm -f "$ready"
}
trap finish EXIT

# Every user is an open file of both programs.
ulimit -Sn "$(ulimit -Hn)"

# Limits are meant for people, and all users of a load tool are one address. A drain need not wait for anybody here.
PASSERBY__HTTP__LISTEN=127.0.0.1:0 \
PASSERBY__ADMIN__LISTEN=127.0.0.1:0 \
PASSERBY__LIMITS__CONNECTIONS_PER_ORIGIN=0 \
PASSERBY__LIMITS__CONNECTS_PER_ORIGIN_PER_MINUTE=0 \
PASSERBY__LIMITS__MESSAGES_PER_SECOND=0 \
PASSERBY__SESSION__DRAIN_SPREAD=100ms \
PASSERBY__SESSION__DRAIN_TIMEOUT=1s \
    "$programs/passerby" serve --ready-file "$ready" >"$reports/node.log" 2>&1 &
node=$!
for _ in $(seq 100); do
    [[ -s $ready ]] && break
    sleep 0.1
done
if [[ ! -s $ready ]]; then
    echo "The node did not start:" >&2
    cat "$reports/node.log" >&2
    exit 2
fi
url=http://$(sed 's/.*"http":"\([^"]*\)".*/\1/' "$ready")

# The first failure is told by the exit code, but all scenarios run.
outcome=0
load() {
    local name=$1
    shift
    "$programs/passerby-load" "$@" --url "$url" --pid "$node" \
        --json "$reports/$name.json" --report "$reports/$name.html" || outcome=$?
    echo
}

# `idle` comes first: what a connection costs shows only on a fresh node.
load idle idle --users "$users" --duration "${seconds}s"
load storm storm --users "$users"
load relay relay --users "$users" --duration "${seconds}s"
load paced relay --users "$users" --duration "${seconds}s" --rate "$rate"
load churn churn --users "$((users / 10 * 2))" --duration "$((2 * seconds))s" --think 200ms

echo "Reports are in $reports"
exit "$outcome"
