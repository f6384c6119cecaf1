# Part of job.sh: where its engine listens.

# wf_bindable PORT: nobody has it. Listeners are in the kernel's table; a port that is bound and not yet listened
# on (vLLM while it loads) only shows when it is bound.
wf_bindable() {
  grep -qi ":$(printf '%04X' "$1") [0-9A-F]*:0000 0A" /proc/net/tcp /proc/net/tcp6 2>/dev/null && return 1
  if [ -n "${WAKEFIELD_NODE:-}" ]; then
    "$WAKEFIELD_NODE" -e 'const [host, port] = process.argv.slice(1);
require("node:net").createServer().listen(Number(port), host, () => process.exit(0)).on("error", () => process.exit(1));' "$wf_bind" "$1"
  elif command -v perl >/dev/null && [[ $wf_bind != *:* ]]; then
    perl -MSocket -e 'my ($host, $port) = @ARGV; socket(my $socket, PF_INET, SOCK_STREAM, 0) or exit 0;
exit !bind($socket, sockaddr_in($port, inet_aton($host)));' "$wf_bind" "$1"
  elif command -v python3 >/dev/null; then
    python3 -c 'import socket, sys
host, port = sys.argv[1], int(sys.argv[2])
family = socket.AF_INET6 if ":" in host else socket.AF_INET
socket.socket(family, socket.SOCK_STREAM).bind((host, port))' "$wf_bind" "$1" 2>/dev/null
  fi
}

# wf_lock PORT: between jobs of one user on one node. vLLM bound with SO_REUSEPORT until mid-2026: two of one
# user on one port share its connections, and nobody notices.
wf_lock() {
  local locks=/tmp/wakefield-ports-$UID
  command -v flock >/dev/null || return 0
  mkdir -m 700 "$locks" 2>/dev/null
  [ -d "$locks" ] && [ -O "$locks" ] && [ ! -L "$locks" ] || return 0
  exec 9>"$locks/$1" || return 0
  flock -n 9
}

# From a random place on, so that jobs seldom meet.
wf_pick_port() {
  local try span=$((wf_to - wf_from + 1)) start=$((RANDOM * 32768 + RANDOM))
  for ((try = 0; try < span && try < 200; try++)); do
    wf_port=$((wf_from + (start + try) % span))
    wf_lock "$wf_port" && wf_bindable "$wf_port" && return
  done
  exec 9>&-
  echo "wakefield: no free port between $wf_from and $wf_to"
  return 1
}
