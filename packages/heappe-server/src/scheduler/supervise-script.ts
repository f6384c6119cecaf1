/**
 * Looks after one local job and outlives the server: starts it as a session of its own, ends it at its walltime or when
 * told to by TERM (TERM to every process of the session, KILL after a while, as slurmd does), and writes how it ended.
 * Arguments: record directory, walltime and kill wait in seconds.
 */
export const superviseScript = `#!/bin/bash
cd "$1" || exit 1
cause=
timer=
trap 'cause=CANCELLED; [ -z "$timer" ] || kill "$timer"' TERM
trap '' HUP INT
alive() { ps -o stat= -s "$job" | grep -qv '^Z'; }
now() { date +%s%3N; }
setsid /bin/sh ./script >>"$(cat output)" 2>>"$(cat error)" </dev/null &
job=$!
sleep "$2" &
timer=$!
[ -z "$cause" ] || kill "$timer"
printf '%s %s' "$job" "$(now)" >.started && mv -f .started started
wait -n "$job" "$timer"
if [ -n "$cause" ] || kill -0 "$job" 2>/dev/null; then
  [ -n "$cause" ] || cause=TIMEOUT
  pkill -TERM -s "$job"
  try=$(($3 * 20))
  while [ "$try" -gt 0 ] && alive; do
    sleep 0.05
    try=$((try - 1))
  done
fi
pkill -KILL -s "$job"
trap '' TERM
wait "$job"
code=$?
kill -KILL "$timer" 2>/dev/null
if [ -z "$cause" ]; then
  if [ "$code" -eq 0 ]; then cause=COMPLETED; else cause=FAILED; fi
fi
printf '%s %s %s' "$cause" "$code" "$(now)" >.ended && mv -f .ended ended
`;
