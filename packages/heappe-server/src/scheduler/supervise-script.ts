/**
 * Looks after one local job and outlives the server: starts it as a session of its own, ends it at its walltime (ALRM) or
 * when told to (TERM), with TERM to every process of the session and KILL after a while, as slurmd does, and writes how it
 * ended. Arguments: record directory, walltime and kill wait in seconds.
 */
export const superviseScript = `#!/bin/bash
cd "$1" || exit 1
cause= job= grace=$(($3 * 20))
now() { date +%s%3N; }
# A process that only waits to be reaped is none.
alive() { ps -o stat= -s "$job" | grep -qv '^Z'; }
# It may not have its session yet, so its pid gets the signal, too.
tell() { pkill "-$1" -s "$job"; kill "-$1" "$job" 2>/dev/null; }
end() {
  [ -n "$cause" ] || cause=$1
  [ -n "$job" ] || return
  trap '' TERM ALRM
  tell TERM
  while [ "$grace" -gt 0 ] && alive; do
    sleep 0.05
    grace=$((grace - 1))
  done
  tell KILL
}
trap '' HUP INT
trap 'end CANCELLED' TERM
trap 'end TIMEOUT' ALRM
setsid /bin/sh ./script >>"$(<output)" 2>>"$(<error)" </dev/null &
job=$!
[ -z "$cause" ] || end
(
  trap - TERM ALRM
  sleep "$2" && kill -ALRM $$
) &
timer=$!
# A signal interrupts the first wait; what it ended is collected by the next.
wait "$job"
code=$?
while kill -0 "$job" 2>/dev/null; do
  wait "$job"
  code=$?
done
trap '' TERM ALRM
pkill -P "$timer"
kill "$timer" 2>/dev/null
# What a job leaves behind ends with it.
pkill -KILL -s "$job"
if [ -z "$cause" ]; then
  if [ "$code" -eq 0 ]; then cause=COMPLETED; else cause=FAILED; fi
fi
printf '%s %s %s' "$cause" "$code" "$(now)" >.ended && mv -f .ended ended
`;
