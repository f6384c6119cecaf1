# Part of job.sh: children, and how they end.

wf_alive() { kill -0 -- "$1" 2>/dev/null; }

# wf_wait CHILD: its status, or 127 where nobody knows it. A signal that comes while bash reaps a child makes it forget that
# it did (CHECK_WAIT_INTR behind waitpid in its jobs.c; with TERM to a job's every process one time in four): it counts the
# child as running, and would wait for it until it had no child at all.
wf_wait() {
  {
    wf_alive "$1" || [[ $'\n'$(jobs -rp)$'\n' != *$'\n'"$1"$'\n'* ]] || return 127
    wait "$1"
  } 2>/dev/null
}

# wf_kill_after SECONDS: whatever is left of the engine's group then is killed.
wf_kill_after() {
  local options=$-
  set -m
  (
    trap - USR1 TERM INT HUP
    sleep "$1"
    kill -KILL -- "-$wf_engine"
  ) >/dev/null 2>&1 9>&- &
  wf_killers="$wf_killers $!"
  # A trap may have come while something else was being started.
  [[ $options == *m* ]] || set +m
}

# wf_end_group LEADER: ends every process of its group: TERM, three seconds, KILL.
wf_end_group() {
  local try
  kill -TERM -- "-$1" 2>/dev/null
  for try in {1..60}; do
    wf_alive "-$1" || return
    sleep 0.05
  done
  kill -KILL -- "-$1" 2>/dev/null
}
