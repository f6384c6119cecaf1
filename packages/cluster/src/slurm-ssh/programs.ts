import { CUT_LINE, CUT_LINE_BYTES } from '../log-pieces.ts';
import { BOUNDS_FORMAT } from './bounds.ts';
import { NODES_FORMAT } from './nodes.ts';
import { QUEUE_FORMAT } from './queue.ts';
import { BOUNDED, HOLDING, LIVE, readQueue } from './read-queue.ts';

/*
 * The programs that run on a login node, in bash 4 (RHEL 7's 4.2 is the oldest in use; before 4.4 an empty array
 * counts as unset under `set -u`). They are constant; what they work on arrives in the array A (see remoteProgram).
 * Everything that they answer is framed. Submitting is in submit-program.ts.
 */

/** Nodes are a detail: a controller that is slow to tell of them must not keep us from what it said of the jobs. */
const NODES_WITHIN_SECONDS = 5;
/** Bytes of files of jobs that are read, with their names: those of tens of thousands. */
const LONGEST_FILES = 16 << 20;
/** Bytes of states of nodes that are read: some ten thousand nodes. */
const LONGEST_NODES = 1 << 20;

/**
 * A: jobs directory, bytes of log to bring, whether to ask for nodes (yes), names of jobs to look at more closely.
 * Answers status and text of squeue for all our user's jobs, the cluster's clock, the states of the nodes on which the named ones run,
 * then the files of the named ones, and the end of the logs of those that are over. One grep reads the first line of
 * every file, whatever their number: a shell that opens them itself takes a second for a thousand jobs; it passes over pipes
 * and devices, which would hold it up. sinfo is a
 * second call to the controller (see nodes.ts), which may fail. An array that has no element is not even asked for its
 * length.
 */
export const OBSERVE = `jobs=\${A[0]} bytes=\${A[1]}
${readQueue(QUEUE_FORMAT)}
frame code "$code"
frame queue "$queue"
[ "$code" -eq 0 ] || exit 0
printf -v clock '%(%s)T' -1
frame clock "$clock"
declare -A live named nodes
running=
for name in "\${A[@]:3}"; do named[$name]=yes; done
while IFS='|' read -r id state reason node start end submitted job; do
  case $job in '' | *[!a-z0-9-]*) continue ;; esac
  case $state in ${LIVE}) live[$job]=$state ;; esac
  [ "$state" != RUNNING ] || [ -z "\${named[$job]:-}" ] || [ -z "$node" ] || nodes[$node]=yes running=yes
done <<<"$queue"
if [ "\${A[2]}" = yes ] && [ -n "$running" ]; then
  list=$(IFS=,; printf %s "\${!nodes[*]}")
  states=$(clean timeout -k 1 ${NODES_WITHIN_SECONDS} sinfo -a -h -N -n "$list" -o '${NODES_FORMAT}' 2>/dev/null | head -c ${LONGEST_NODES}; exit "\${PIPESTATUS[0]}") && frame nodes "$states"
fi
set -- "\${A[@]:3}"
[ $# -gt 0 ] || exit 0
declare -A exited
files=$(cd -- "$jobs" 2>/dev/null && printf '%s\\0' "\${@/%//owner}" "\${@/%//endpoint.json}" \\
  "\${@/%//exit.json}" "\${@/%//gpu}" "\${@/%//stage}" |
  xargs -0 grep -D skip -saHZm1 '' -- | head -c ${LONGEST_FILES} | tr '\\0' '\\037')
frame files "$files"
while IFS=$'\\037' read -r path rest; do
  case $path in */exit.json) exited[\${path%/*}]=yes ;; esac
done <<<"$files"
for name; do
  [ -z "\${live[$name]:-}" ] || [ -n "\${exited[$name]:-}" ] || continue
  for file in log batch.log; do
    [ -f "$jobs/$name/$file" ] && [ -s "$jobs/$name/$file" ] || continue
    value=$(tail -c "$bytes" -- "$jobs/$name/$file" 2>/dev/null | tr -d '\\000')
    frame "$name/$file" "$value"
  done
done`;

/**
 * A: names. USR1 to the batch shell alone of each that runs; those that only wait are cancelled. Ids come from
 * the queue by name, never from memory: a controller that lost its state gives the same ids to others.
 */
export const ASK_TO_END = `${lookUp()}
code=0
[ \${#running[@]} -eq 0 ] || clean ${BOUNDED} scancel --batch --signal=USR1 \${running[@]+"\${running[@]}"} || code=$?
[ \${#waiting[@]} -eq 0 ] || clean ${BOUNDED} scancel --state=PENDING \${waiting[@]+"\${waiting[@]}"} || code=$?
frame code "$code"`;

/** A: names. Cancels each that is not over. */
export const CANCEL = `${lookUp()}
all=(\${running[@]+"\${running[@]}"} \${waiting[@]+"\${waiting[@]}"}) code=0
[ \${#all[@]} -eq 0 ] || clean ${BOUNDED} scancel \${all[@]+"\${all[@]}"} || code=$?
frame code "$code"`;

/**
 * A: id and name in turn. Cancels each of these ids that still has that name, while another live job has it, too:
 * whatever changed since somebody looked, one is left. A job that is only cleaned up is no other.
 */
export const END_SURPLUS = `${readQueue('%A|%T|%j')}
if [ "$code" -ne 0 ]; then frame code "$code"; exit 0; fi
declare -A count named
while IFS='|' read -r id state name; do
  case $name in '' | *[!a-z0-9-]*) continue ;; esac
  case $state in ${HOLDING}) named[$id]=$name count[$name]=$((\${count[$name]:-0} + 1)) ;; esac
done <<<"$queue"
ids=() code=0
for ((at = 0; at + 1 < \${#A[@]}; at += 2)); do
  id=\${A[at]} name=\${A[at + 1]}
  [ "\${named[$id]:-}" = "$name" ] && [ "\${count[$name]}" -gt 1 ] || continue
  ids+=("$id") count[$name]=$((\${count[$name]} - 1))
done
[ \${#ids[@]} -eq 0 ] || clean ${BOUNDED} scancel \${ids[@]+"\${ids[@]}"} || code=$?
frame code "$code"`;

/** Fills the arrays \`running\` and \`waiting\` with the ids of the jobs named in A; ends when squeue fails. */
function lookUp(): string {
  return `${readQueue('%A|%T|%j')}
if [ "$code" -ne 0 ]; then frame code "$code"; exit 0; fi
declare -A wanted
for name in "\${A[@]}"; do wanted[$name]=yes; done
running=() waiting=()
while IFS='|' read -r id state name; do
  case $name in '' | *[!a-z0-9-]*) continue ;; esac
  [ -n "\${wanted[$name]:-}" ] || continue
  case $state in
    PENDING) waiting+=("$id") ;;
    ${LIVE}) running+=("$id") ;;
  esac
done <<<"$queue"`;
}

/** A: arguments of sbatch. Asks whether such a job would be taken; submits nothing. */
export const TEST_ONLY = `answer=$(printf '#!/bin/sh\\ntrue\\n' | clean TZ=UTC ${BOUNDED} sbatch --test-only "\${A[@]}" 2>&1); code=$?
frame answer "$answer"
frame code "$code"`;

/**
 * A: jobs directory, name, offset, bytes. The log from that offset on, or its last bytes (see startOf in log-pieces.ts,
 * whose arithmetic this is), in base64, as it may hold anything; of a job that has none, what SLURM and the shell said. By
 * one descriptor: job.sh puts another file in the log's place when it cuts it.
 */
export const READ_LOG = `cd -- "\${A[0]}/\${A[1]}" 2>/dev/null || exit 0
from=\${A[2]} bytes=\${A[3]} cut=0 head=0 line=
if [ -f log ] && [ -s log ] && exec 3<log; then
  IFS= read -r -n ${CUT_LINE_BYTES} line <&3
  if [[ $line =~ ${CUT_LINE} ]]; then
    cut=\${BASH_REMATCH[1]} head=$((\${#line} + 1))
  fi
  end=$((cut + $(stat -Lc %s /proc/self/fd/3) - head)) start=$from
  [ "$from" -le "$end" ] && [ $((end - from)) -le "$bytes" ] || start=$((end - bytes))
  [ "$start" -ge "$cut" ] || start=$cut
  frame from "$start"
  frame log "$(tail -c +$((head + start - cut + 1)) /proc/self/fd/3 | head -c $((end - start)) | base64 -w0)"
elif [ -f batch.log ] && [ -s batch.log ]; then
  frame batch "$(tail -c "$bytes" batch.log | base64 -w0)"
fi`;

/** Kinds of nodes and the limits of their partitions, as bounds.ts reads them. */
export const BOUNDS = `said=$(clean ${BOUNDED} sinfo -a -e -h -o '${BOUNDS_FORMAT}' | head -c ${LONGEST_NODES}; exit "\${PIPESTATUS[0]}"); code=$?
frame bounds "$said"
frame code "$code"`;

/** A: jobs directory, names. Removes their directories and locks. */
export const FORGET = `jobs=\${A[0]:?} code=0
for name in "\${A[@]:1}"; do
  rm -rf -- "$jobs/\${name:?}" "$jobs/.$name.lock" "$jobs/.$name.lock".* || code=$?
done
frame code "$code"`;
