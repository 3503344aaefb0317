#!/usr/bin/env bash
# A cluster of three nodes on this machine, with a Redis of its own, to try things out: `make cluster` runs it.
#
#   deploy/local-cluster.sh PROGRAM [NODES]
#
# Prints where the nodes listen, and ends all of them, and the Redis, on Ctrl-C. What Redis keeps is thrown away.
# Further settings (PASSERBY__…) are passed on to all nodes. PORT is that of the first node, 8081 unless you say
# otherwise; the next nodes have the next ones, and their admin listeners those 1000 above.
set -euo pipefail

program=$1
nodes=${2:-3}
port=${PORT:-8081}
folder=$(mktemp -d)
running=()

say() { echo "cluster: $*"; }

finish() {
    trap - EXIT INT TERM
    say "ending"
    # The nodes first: they drain, and a second signal would cut that short.
    for pid in "${running[@]:1}"; do kill -TERM "$pid" 2>/dev/null || true; done
    for pid in "${running[@]:1}"; do wait "$pid" 2>/dev/null || true; done
    if ((${#running[@]})); then
        { kill -KILL "${running[0]}"; wait "${running[0]}"; } 2>/dev/null || true
    fi
    rm -rf "$folder"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

command -v redis-server >/dev/null || { say "redis-server is missing: make setup installs it" >&2; exit 1; }

# Each in a process group of its own: Ctrl-C reaches this script alone, which ends them in order.
set -m

redis=
for _ in {1..20}; do
    redis=$((20000 + RANDOM % 10000))
    redis-server --port "$redis" --bind 127.0.0.1 --dir "$folder" --save "" --appendonly no \
        --maxmemory-policy noeviction >"$folder/redis.log" 2>&1 &
    pid=$!
    for _ in {1..100}; do
        kill -0 "$pid" 2>/dev/null || break
        [[ $(redis-cli -p "$redis" PING 2>/dev/null) == PONG ]] && break 2
        sleep 0.05
    done
done
kill -0 "$pid" 2>/dev/null || { say "redis does not start:" >&2; cat "$folder/redis.log" >&2; exit 1; }
running+=("$pid")

secret=$(od -An -N32 -tx1 /dev/urandom | tr -d ' \n')
token=${PASSERBY__ADMIN__TOKEN:-$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')}
for ((number = 1; number <= nodes; number++)); do
    env PASSERBY__STORE__BACKEND=redis \
        PASSERBY__STORE__REDIS__URLS="redis://127.0.0.1:$redis" \
        PASSERBY__IDENTITY__SECRET="$secret" \
        PASSERBY__ADMIN__TOKEN="$token" \
        PASSERBY__LIMITS__CONNECTIONS_PER_ORIGIN="${PASSERBY__LIMITS__CONNECTIONS_PER_ORIGIN:-0}" \
        PASSERBY__LIMITS__CONNECTS_PER_ORIGIN_PER_MINUTE="${PASSERBY__LIMITS__CONNECTS_PER_ORIGIN_PER_MINUTE:-0}" \
        PASSERBY__NODE__ID="node-$number" \
        PASSERBY__HTTP__LISTEN="127.0.0.1:$((port + number - 1))" \
        PASSERBY__ADMIN__LISTEN="127.0.0.1:$((port + number + 999))" \
        "$program" serve --ready-file "$folder/ready-$number" >"$folder/node-$number.log" 2>&1 &
    running+=("$!")
done
for ((number = 1; number <= nodes; number++)); do
    until [[ -s $folder/ready-$number ]]; do
        kill -0 "${running[number]}" 2>/dev/null ||
            { say "node-$number does not start:" >&2; cat "$folder/node-$number.log" >&2; exit 1; }
        sleep 0.05
    done
done

echo
for ((number = 1; number <= nodes; number++)); do
    echo "    node-$number    http://127.0.0.1:$((port + number - 1))    admin http://127.0.0.1:$((port + number + 999))    pid ${running[number]}"
done
echo "    redis     127.0.0.1:$redis    pid ${running[0]}"
echo "    token of the operator API: $token"
echo "    logs: $folder"
echo
echo "Open two of the addresses in two windows to chat. kill -9 a node, kill -STOP the Redis, or what you like; chats go on."
echo "Ctrl-C ends everything."
# Until Ctrl-C; what ends before that was meant to.
while :; do sleep 1; done
