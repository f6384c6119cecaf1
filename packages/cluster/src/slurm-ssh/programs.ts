import { QUEUE_FORMAT } from './queue.ts';
import { liveStateWords } from './states.ts';

/*
 * The programs that run on a login node, in bash 4 (RHEL 7's 4.2 is the oldest in use). They are constant; what
 * they work on arrives in the array A (see remoteProgram). Everything that they answer is framed.
 */

const SHORT_FORMAT = '%A|%T|%r|%j';
const LIVE = liveStateWords.join('|');
/** Nobody on the far side ends a client of SLURM's when we give up waiting for it, so it ends itself. */
const BOUNDED = 'timeout 300';
/** Bytes of a queue that are read: tens of thousands of jobs. A longer one is an error, not a short queue. */
const LONGEST_QUEUE = 8 << 20;

/**
 * Reads squeue in this format into the shell variables `queue` and `code`. A shell keeps all of it in memory, and
 * goes on doing so when we have long given up: head ends a squeue that says too much, by SIGPIPE.
 */
function readQueue(format: string): string {
  return `queue=$(clean TZ=UTC ${BOUNDED} squeue --me -h -t all -o '${format}' | head -c ${LONGEST_QUEUE}; exit "\${PIPESTATUS[0]}"); code=$?`;
}

/**
 * A: jobs directory, job name, prefix of our names, most live jobs (0: any number), script, number of secrets,
 * each secret's file name and content, then the arguments of sbatch.
 *
 * Looks the name up first: the job of an earlier attempt, whose answer was lost, is adopted. A record that SLURM
 * keeps of a refused submission is not a job.
 */
export const SUBMIT = `jobs=\${A[0]} name=\${A[1]} prefix=\${A[2]} limit=\${A[3]} script=\${A[4]} secrets=\${A[5]}
directory=$jobs/$name
${readQueue(SHORT_FORMAT)}
if [ "$code" -ne 0 ]; then frame lookup "$code"; exit 0; fi
live=0
while IFS='|' read -r id state reason job; do
  if [ "$job" = "$name" ] && [ "$state/$reason" != FAILED/BadConstraints ]; then frame adopted "$id"; exit 0; fi
  case $job in "$prefix"*) case $state in ${LIVE}) live=$((live + 1)) ;; esac ;; esac
done <<<"$queue"
if [ "$limit" -gt 0 ] && [ "$live" -ge "$limit" ]; then frame full "$live"; exit 0; fi
write() { printf '%s' "$2" >"$1.new" && mv -f -- "$1.new" "$1"; }
prepare() {
  mkdir -p -- "$directory" && chmod 700 -- "$directory" && cd -- "$directory" || return
  rm -f -- endpoint.json exit.json gpu log batch.log || return
  local at
  for ((at = 6; at < 6 + 2 * secrets; at += 2)); do write "$directory/\${A[at]}" "\${A[at + 1]}" || return; done
  write "$directory/script" "$script"
}
if ! prepare; then frame directory "$directory"; exit 0; fi
answer=$(clean ${BOUNDED} sbatch --parsable "\${A[@]:6 + 2 * secrets}" <script); code=$?
frame sbatch "$answer"
frame code "$code"`;

/**
 * A: jobs directory, bytes of log to bring, names of jobs to look at more closely.
 * Answers status and text of squeue for all our user's jobs, then the files of the named ones, and the end of
 * the logs of those that are over. Reading costs no process but for logs.
 */
export const OBSERVE = `jobs=\${A[0]} bytes=\${A[1]}
${readQueue(QUEUE_FORMAT)}
frame code "$code"
frame queue "$queue"
[ "$code" -eq 0 ] || exit 0
declare -A live
while IFS='|' read -r id state reason node start end submitted job; do
  case $job in '' | *[!a-z0-9-]*) continue ;; esac
  case $state in ${LIVE}) live[$job]=$state ;; esac
done <<<"$queue"
for name in "\${A[@]:2}"; do
  directory=$jobs/$name exited=
  for file in endpoint.json exit.json gpu; do
    [ -r "$directory/$file" ] || continue
    value=
    IFS= read -r -d '' -n 4096 value 2>/dev/null <"$directory/$file"
    frame "$name/$file" "$value"
    [ "$file" != exit.json ] || exited=yes
  done
  if [ -z "\${live[$name]:-}" ] || [ -n "$exited" ]; then
    for file in log batch.log; do
      [ -s "$directory/$file" ] || continue
      value=$(tail -c "$bytes" -- "$directory/$file" 2>/dev/null | tr -d '\\000')
      frame "$name/$file" "$value"
    done
  fi
done`;

/**
 * A: names. USR1 to the batch shell alone of each that runs; those that only wait are cancelled. Ids come from
 * the queue by name, never from memory: a controller that lost its state gives the same ids to others.
 */
export const ASK_TO_END = `${lookUp()}
code=0
[ \${#running[@]} -eq 0 ] || clean ${BOUNDED} scancel --batch --signal=USR1 "\${running[@]}" || code=$?
[ \${#waiting[@]} -eq 0 ] || clean ${BOUNDED} scancel --state=PENDING "\${waiting[@]}" || code=$?
frame code "$code"`;

/** A: names. Cancels each that is not over. */
export const CANCEL = `${lookUp()}
all=("\${running[@]}" "\${waiting[@]}") code=0
[ \${#all[@]} -eq 0 ] || clean ${BOUNDED} scancel "\${all[@]}" || code=$?
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
export const TEST_ONLY = `answer=$(printf '#!/bin/sh\\ntrue\\n' | clean ${BOUNDED} sbatch --test-only "\${A[@]}" 2>&1); code=$?
frame answer "$answer"
frame code "$code"`;

/** A: jobs directory, name, bytes. The end of the job's log, or of what SLURM and the shell said where it has none. */
export const TAIL = `for file in log batch.log; do
  [ -s "\${A[0]}/\${A[1]}/$file" ] || continue
  frame log "$(tail -c "\${A[2]}" -- "\${A[0]}/\${A[1]}/$file" | tr -d '\\000')"
  exit 0
done`;

/** A: jobs directory, names. */
export const FORGET = `for name in "\${A[@]:1}"; do rm -rf -- "\${A[0]:?}/\${name:?}"; done
frame code "$?"`;
