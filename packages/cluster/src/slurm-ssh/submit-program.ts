import { doubtPattern } from '../slurm-failures.ts';
import { LIVE, readQueue } from './read-queue.ts';

const SHORT_FORMAT = '%A|%T|%r|%j';
/** Added to our patience before a lock counts as left behind: `timeout -k`, and clocks that differ a little. */
const MARGIN_SECONDS = 30;
/**
 * How long a submission in doubt is left alone: a controller that was busy may take it yet. It works off what waited
 * within seconds of answering again, and of two jobs that come of it all the same the second is ended (END_SURPLUS).
 */
const SETTLE_SECONDS = 20;
/** With less time than this sbatch is not begun. */
const SHORTEST_SECONDS = 5;

/*
 * One submission at a time for each name, on whichever login node: a directory that is made complete elsewhere and
 * renamed into place. rename(2) onto a directory that is not empty fails, on every file system and for one of two;
 * flock and the holder's pid would mean nothing between machines. Its file `holder` has a token and the seconds after
 * which it is left behind; the file system's clock tells its age. A lock that was left behind is renamed to a name of
 * its own that stays, so that nobody who found the same one stale can take away the next.
 */
const LOCK = `lock=$jobs/.$name.lock
holder() { local held=; IFS= read -r held 2>/dev/null <"$1/holder"; printf %s "\${held%% *}"; }
holds() { local held=; IFS= read -r held 2>/dev/null <"$lock/holder"; [ "\${held%% *}" = "$token" ]; }
sign() { printf '%s %d\\n' "$token" "$2" >"$1"; }
stamp() { sign "$1/holder.new" "$2" && mv -f -- "$1/holder.new" "$1/holder"; }
stale() {
  local held= now then
  IFS= read -r held 2>/dev/null <"$lock/holder"
  now=$(stat -c %Y -- "$1/holder") && then=$(stat -c %Y -- "$lock/holder" 2>/dev/null || stat -c %Y -- "$lock") || return
  seen=\${held%% *} theirs=\${held%% *} life=\${held##* }
  # A file that a crash left empty.
  case $held in [A-Za-z0-9]*' '[0-9]*) ;; *) theirs=nobody$then life=$((LEFT + ${MARGIN_SECONDS})) ;; esac
  [ $((now - then)) -gt "$life" ]
}
take() {
  local mine=$lock.$token seen theirs life
  [ -d "$jobs" ] || mkdir -p -- "$jobs" || return 2
  mkdir -- "$mine" && sign "$mine/holder" "$((LEFT + ${MARGIN_SECONDS}))" || return 2
  mv -fT -- "$mine" "$lock" 2>/dev/null
  if ! holds && stale "$mine" && mv -fT -- "$lock" "$lock.$theirs" 2>/dev/null; then
    [ "$(holder "$lock.$theirs")" = "$seen" ] || mv -fT -- "$lock.$theirs" "$lock"
    mv -fT -- "$mine" "$lock" 2>/dev/null
  fi
  holds && return
  rm -rf -- "$mine"
  return 1
}
release() { holds && mv -fT -- "$lock" "$lock.$token" 2>/dev/null && rm -rf -- "$lock.$token"; }`;

/**
 * A: jobs directory, job name, prefix of our names, most live jobs (0: any number), a token that nobody else has,
 * script, number of secrets, each secret's file name and content, then the arguments of sbatch.
 *
 * Looks the name up first: the job of an earlier attempt, whose answer was lost, is adopted; also one that has run and
 * whose record SLURM has purged (MinJobAge), by what it left in its directory. A record that SLURM keeps of a refused
 * submission is not a job. Only who has the name's lock submits; an attempt that we gave up may
 * go on for a while. The lock is given back before anything is printed, because printing to a connection that was cut
 * ends the shell. sbatch's standard error comes unmarked, its standard output marked: both are needed, one at a time.
 * The shell does itself what it can: somebody waits, and each program that it starts takes a millisecond or two.
 */
export const SUBMIT = `jobs=\${A[0]} name=\${A[1]} prefix=\${A[2]} limit=\${A[3]} token=\${A[4]} script=\${A[5]} secrets=\${A[6]}
directory=$jobs/$name
${LOCK}
answer() { release; frame "$@"; exit 0; }
take; held=$?
[ "$held" -ne 2 ] || answer directory "$directory"
${readQueue(SHORT_FORMAT)}
[ "$code" -eq 0 ] || answer lookup "$code"
live=0
while IFS='|' read -r id state reason job; do
  if [ "$job" = "$name" ] && [ "$state/$reason" != FAILED/BadConstraints ]; then answer adopted "$id"; fi
  case $job in "$prefix"*) case $state in ${LIVE}) live=$((live + 1)) ;; esac ;; esac
done <<<"$queue"
[ "$held" -eq 0 ] || answer busy "$name"
owner=
if IFS= read -r owner 2>/dev/null <"$directory/owner" && [ -n "$owner" ]; then answer adopted "$owner"; fi
if [ "$limit" -gt 0 ] && [ "$live" -ge "$limit" ]; then answer full "$live"; fi
write() {
  if [ ! -e "$1" ]; then printf '%s' "$2" >"$1"; else printf '%s' "$2" >"$1.new" && mv -f -- "$1.new" "$1"; fi
}
prepare() {
  local at
  if [ ! -d "$directory" ]; then
    mkdir -- "$directory" && cd -- "$directory" || return
  else
    chmod 700 -- "$directory" && cd -- "$directory" && rm -f -- owner endpoint.json exit.json gpu log batch.log || return
  fi
  for ((at = 7; at < 7 + 2 * secrets; at += 2)); do write "$directory/\${A[at]}" "\${A[at + 1]}" || return; done
  write "$directory/script" "$script"
}
prepare || answer directory "$directory"
left=$((LEFT - SECONDS))
if [ "$left" -lt ${SHORTEST_SECONDS} ] || ! holds; then answer late "$name"; fi
mark() { local line; while IFS= read -r line || [ -n "$line" ]; do printf '= %s\\n' "$line"; done; }
both=$( { clean timeout -k 5 "$left" sbatch --parsable "\${A[@]:7 + 2 * secrets}" <script | mark; exit "\${PIPESTATUS[0]}"; } 2>&1); code=$?
shopt -s nocasematch
doubt='${doubtPattern}'
if [ "$code" -ne 0 ] && { [[ $both =~ $doubt ]] || { [ "$code" -ge 124 ] && [ "$code" -ne 127 ] && [ "$code" -ne 255 ]; }; }; then
  holds && stamp "$lock" ${SETTLE_SECONDS}
else
  release
fi
said=
while IFS= read -r line; do
  case $line in '= '*) said=$said\${said:+$'\\n'}\${line#= } ;; *) printf '%s\\n' "$line" >&2 ;; esac
done <<<"$both"
frame sbatch "$said"
frame code "$code"`;
