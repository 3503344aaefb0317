#!/usr/bin/env bash
# Puts the figures that the fault tests left in a folder into the table of docs/reliability.md.
#
#   tests/faults-table.sh FOLDER
#
# Rows that were not measured this time stay as they are.
set -euo pipefail
cd "$(dirname "$0")/.."

document=docs/reliability.md
shopt -s nullglob
rows=("$1"/*.txt)
((${#rows[@]})) || { echo "nothing was measured" >&2; exit 1; }

begin='<!-- figures: begin -->'
end='<!-- figures: end -->'
table=$(mktemp)
{
    # A row is known by its first two columns. New figures take the place of old ones.
    sed -n "/$begin/,/$end/p" "$document" | sed -n 's/^| \(F[0-9].*\) |$/\1/p'
    cat "${rows[@]}"
} | awk -F ' [|] ' '
    { key = $1 " | " $2; if (!(key in line)) order[++count] = key; line[key] = $0 }
    END { for (i = 1; i <= count; i++) print line[order[i]] }
' | sort -t F -k 2 -n -s | sed 's/^/| /; s/$/ |/' >"$table"

awk -v begin="$begin" -v end="$end" -v table="$table" '
    $0 == begin {
        print; print ""; print "| row | fault | measured |"; print "| --- | --- | --- |"
        while ((getline line < table) > 0) print line
        print ""; skip = 1
    }
    $0 == end { skip = 0 }
    !skip { print }
' "$document" >"$table.new"
cat "$table.new" >"$document"
rm -f "$table" "$table.new"
echo "docs/reliability.md has the figures of ${#rows[@]} rows"
