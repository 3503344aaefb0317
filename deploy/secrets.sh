#!/bin/sh
# Makes the secrets of compose.yaml in deploy/secrets, each once: what is there is left as it is.
#
#   deploy/secrets.sh [DIRECTORY]
set -eu

directory=${1:-$(dirname "$0")/secrets}
# Nobody else may enter the directory. The files in it can be read by all, since compose hands them to containers as
# they are, and the users in there are not the owner of the files here.
mkdir -p "$directory"
chmod 0700 "$directory"

for name in admin.token identity.secret redis.password; do
    file=$directory/$name
    if [ -s "$file" ]; then
        echo "kept  $file"
    else
        head -c 32 /dev/urandom | od -An -v -tx1 | tr -d ' \n' >"$file"
        chmod 0444 "$file"
        echo "made  $file"
    fi
done
