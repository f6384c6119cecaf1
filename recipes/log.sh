# Part of job.sh: what its log is.

# The log: everything printed here and by the engine, without the key, at most wf_log_limit bytes. Where its beginning was
# cut off, its first line says how much that is: who reads it in pieces knows what is new.
wf_pump() {
  trap '' USR1 TERM INT HUP
  local LC_ALL=C piece line rest='' size=0 held=$((${#wf_key} > 1 ? ${#wf_key} - 1 : 0))
  [ -f log ] && size=$(wc -c <log)
  exec >>log
  while IFS= read -r -n 65536 piece || [ -n "$piece$rest" ]; do
    line=$rest$piece rest=''
    case $line in *"$wf_mark")
      : >.flushed
      line=${line%"$wf_mark"}
      [ -n "$line" ] || continue ;;
    esac
    [ -n "$wf_key" ] && line=${line//"$wf_key"/[key]}
    # The line may go on, and a key that began in it.
    if [ "${#piece}" -eq 65536 ]; then
      rest=${line:${#line}-held} line=${line:0:${#line}-held}
    fi
    printf '%s\n' "$line"
    size=$((size + ${#line} + 1))
    if [ "$size" -gt "$wf_log_limit" ]; then
      wf_cut_log $((wf_log_limit / 2))
      exec >>log
      size=$((wf_log_limit / 2 + 64))
    fi
  done
}

# wf_cut_log BYTES: so much of the end is kept.
wf_cut_log() {
  local head='' cut=0
  IFS= read -r head <log
  if [[ $head =~ ^wakefield:\ ([1-9][0-9]{0,14})\ bytes\ before\ this\ were\ cut\ off$ ]]; then
    cut=$((BASH_REMATCH[1] - ${#head} - 1))
  fi
  cut=$((cut + $(wc -c <log) - $1))
  { printf 'wakefield: %s bytes before this were cut off\n' "$cut"; tail -c "$1" log; } >.log.cut && mv -f .log.cut log
}
