#!/bin/sh
# Gives Redis its users and becomes redis-server.
#
#   start.sh                     in a container: everything is where compose and Kubernetes put it
#   start.sh --print-acl         only write the users' file to standard output
#
# PASSWORD_FILE is the file with the password of the user `passerby`; a line end at its end is ignored. It is read here
# rather than written into users.acl, so that rights can be read and reviewed by anybody, and the secret is in one
# place. Only its hash reaches Redis.
set -eu

here=${REDIS_CONFIG_DIR:-$(dirname "$0")}
run=${REDIS_RUN_DIR:-/run/redis}
data=${REDIS_DATA_DIR:-/data}
password_file=${PASSWORD_FILE:-/run/secrets/redis.password}

password=$(tr -d '\r\n' <"$password_file")
if [ -z "$password" ]; then
    echo "start.sh: $password_file is empty" >&2
    exit 1
fi
hash=$(printf %s "$password" | sha256sum | cut -d ' ' -f 1)

print_acl() {
    awk -v hash="$hash" '
        /^[ \t]*(# .*|#)?$/ { next }
        /^[^ \t]/ && line { print line; line = "" }
        { sub(/^[ \t]+/, ""); sub(/PASSWORD_SHA256/, hash); line = line (line ? " " : "") $0 }
        END { if (line) print line }
    ' "$here/users.acl"
}

if [ "${1:-}" = --print-acl ]; then
    print_acl
    exit
fi

umask 077
print_acl >"$run/users.acl"
exec redis-server "$here/redis.conf" --dir "$data" --aclfile "$run/users.acl" "$@"
