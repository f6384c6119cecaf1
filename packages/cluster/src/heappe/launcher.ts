import { CUT_LINE } from '../log-pieces.ts';

/**
 * Names in a job's directory that are the launcher's. The template calls `/bin/bash <launcher>`: the one parameter is
 * a file name without anything that .NET's Regex.Escape or a shell would change.
 */
export const launcherFiles = {
  launcher: 'wakefield_run',
  /** The job's own script. */
  script: 'wakefield_job',
  /** Whoever puts it there asks the job to end: there is no way to send USR1 through HEAppE. */
  end: 'wakefield_end',
  /** What is known of the job, whole at every moment; HEAppE's ProgressFile. */
  report: 'wakefield_report',
  /** What the batch system and the launcher print; HEAppE's StandardOutputFile and StandardErrorFile. */
  output: 'batch.log',
  errors: 'batch.err',
} as const;

const { script, end, report } = launcherFiles;
/** Less than SLURM's own KillWait (30 s), which ends the launcher, too, where it can. */
const killWaitSeconds = 20;
/** A file system that fails over cannot be read for a while; a directory that was deleted never again. */
const unreadableSeconds = 30;

/**
 * Runs the job's script in the task's directory, in bash 4.2 or newer, and tells of it in the report: a line for each
 * fact, its name first. HEAppE reads four files of a task in one call, so what a driver wants to know of a running
 * job is in one of them.
 *
 * `started`, `asked`, `terminated` and `ended` have the node's time in milliseconds; `ended` the script's status
 * before it; `log` is how long the log was some seconds ago, or at the end, and how much was cut off before that. A submission that HEAppE did twice finds
 * the directory taken: who starts last has it, as its id is the one that HEAppE kept; the other one ends its script and
 * says nothing more. So does one whose directory was deleted under it.
 *
 * HEAppE's own batch script is a shell that a cancelled job loses at once, and where SLURM follows processes by their
 * parents (ProctrackType=proctrack/linuxproc) it forgets all others then: what does not end by itself the launcher ends.
 */
export const LAUNCHER = `#!/bin/bash
umask 077
files=(endpoint.json exit.json gpu stage)
rm -f -- "\${files[@]}" ${report}
token=\${SLURM_JOB_ID:-0}-$$-$RANDOM$RANDOM
printf '%s\\n' "$token" >.wakefield_owner
chmod -f 600 -- *
started= asked= terminated= ended= told= size= turn=0 waited=0
now() { printf -v "$1" '%(%s)T000' -1; }
# Of a pipe that somebody put there nothing, as it would hold us up.
first() { line=; [ ! -f "$1" ] || IFS= read -r -n 4000 line 2>/dev/null <"$1"; }
owns() { first .wakefield_owner; [ "$line" = "$token" ]; }
unread=0
# Another's name says so at once, none at all only after a while.
is_dispossessed() {
  if owns; then
    unread=0
    return 1
  fi
  [ -n "$line" ] || [ $((++unread)) -ge ${unreadableSeconds} ]
}
give_way() {
  trap '' TERM INT HUP
  kill -TERM "$child" 2>/dev/null
  for ((waited = 0; waited < ${killWaitSeconds}; waited++)); do
    kill -0 "$child" 2>/dev/null || break
    sleep 1
  done
  kill -KILL -- "-$child" 2>/dev/null
  wait "$child"
  exit 0
}
tell() {
  local text="started $started" name
  [ -z "$asked" ] || text+=$'\\n'"asked $asked"
  [ -z "$terminated" ] || text+=$'\\n'"terminated $terminated"
  for name in "\${files[@]}"; do
    first "$name"
    [ -z "$line" ] || text+=$'\\n'"$name $line"
  done
  [ -z "$size" ] || text+=$'\\n'"log $size"
  [ -z "$ended" ] || text+=$'\\n'"ended $ended"
  [ "$text" != "$told" ] && owns || return 0
  printf '%s\\n' "$text" >.${report}.new && mv -f -- .${report}.new ${report} && told=$text
}
# Bytes of the log, and of what was cut off before them.
measure() {
  local line
  [ -f log ] || return 0
  size=$(($(wc -c <log)))
  first log
  [[ $line =~ ${CUT_LINE} ]] && size+=" \${BASH_REMATCH[1]}"
}
now started
if [ -e ${end} ]; then
  printf '{"exitCode":0,"cause":"drained","at":%s}\\n' "$started" >exit.json
  ended="0 $started"
  tell
  exit 0
fi
child=
terminate() {
  [ -n "$terminated" ] || now terminated
  measure
  [ -z "$child" ] || kill -TERM "$child" 2>/dev/null
  tell
}
trap terminate TERM INT HUP
# The cluster's own way to ask, should a site use it (sbatch --signal).
trap '[ -z "$child" ] || kill -USR1 "$child" 2>/dev/null' USR1
# A process group of its own: whatever is left of it can be ended at once.
set -m
/bin/bash ./${script} &
child=$!
set +m
tell
while kill -0 "$child" 2>/dev/null; do
  sleep 1
  is_dispossessed && give_way
  if [ -z "$asked" ] && [ -e ${end} ]; then
    now asked
    kill -USR1 "$child" 2>/dev/null
  fi
  if [ -n "$terminated" ] && [ $((waited++)) -ge ${killWaitSeconds} ]; then
    kill -KILL -- "-$child" 2>/dev/null
  fi
  [ $((turn++ % 10)) -ne 0 ] || measure
  tell
done
wait "$child"
status=$?
now ended
ended="$status $ended"
measure
tell
exit "$status"
`;
