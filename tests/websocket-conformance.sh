#!/usr/bin/env bash
# The WebSocket conformance cases of the Autobahn suite (301 without compression), against the product's own socket code.
# They want echoes, so they talk to an example of the websocket crate that shares everything with the server but what a
# message means. KOSOKU names the runner; .ci/setup installs it.
set -euo pipefail
cd "$(dirname "$0")/.."

kosoku=${KOSOKU:-.venv/bin/kosoku}
report=${CARGO_TARGET_DIR:-target}/websocket-conformance
cargo build --quiet --package passerby-websocket --features echo --example echo

port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
"${CARGO_TARGET_DIR:-target}/debug/examples/echo" "127.0.0.1:$port" &
echo_pid=$!
trap 'kill $echo_pid 2>/dev/null || true' EXIT
for _ in $(seq 100); do
  if (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then break; fi
  sleep 0.05
done

rm -rf "$report"
"$kosoku" -m fuzzingclient -p 2 -x '12.*' -x '13.*' -o "$report" "127.0.0.1:$port" >"$report.log" 2>&1 || {
  tail -n 40 "$report.log"
  exit 1
}

python3 - "$report/index.json" <<'PYTHON'
import json, sys
cases = next(iter(json.load(open(sys.argv[1])).values()))
fine = {"OK", "NON-STRICT", "INFORMATIONAL"}
bad = [name for name, case in cases.items() if case["behavior"] not in fine or case["behaviorClose"] not in fine]
print(f"websocket conformance: {len(cases) - len(bad)} passed, {len(bad)} failed")
for name in bad:
    print(f"  {name}: {cases[name]['behavior']}, close {cases[name]['behaviorClose']}")
sys.exit(1 if bad or len(cases) != 301 else 0)
PYTHON
