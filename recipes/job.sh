#!/bin/bash
# Wakefield batch job. Rendered from recipes/job.sh: every word in <<…>> is replaced by bash that the
# renderer has quoted. Holds no secret: the engine's key is in the 0600 file `key` of the job's directory.
#
#   USR1 to this shell    drain: TERM to the engine's own pid, which finishes what it has, then end
#   TERM to everything    the cluster ends the job: end within seconds
#
# Set-up lines may fill the array WAKEFIELD_WRAP with words to put before the engine's command
# (`WAKEFIELD_WRAP=(apptainer exec --nv /images/vllm.sif)`).

umask 077
export WAKEFIELD_JOB=<<job>>
wf_dir=<<directory>>
wf_bind=<<bind_host>>
wf_from=<<port_from>>
wf_to=<<port_to>>
wf_grace=<<drain_grace>>
wf_log_limit=<<log_limit>>
wf_engine='' wf_cause='' wf_status=0 wf_port='' wf_sampler='' wf_killers='' wf_builder='' wf_missing='' wf_done=''
# Whose fault it is when the script ends by itself: engine, or setup before there is one.
wf_blame=engine
# Written through the pump, it tells that everything before it is in the log; it is not.
wf_mark="wakefield: flush $RANDOM$RANDOM$RANDOM"
WAKEFIELD_WRAP=()

export PATH="${PATH:-/usr/local/bin:/usr/bin:/bin}"
[ -n "${HOME:-}" ] || HOME=$(getent passwd "$(id -u)" | cut -d: -f6)
export HOME
cd -- "$wf_dir" || exit 1
wf_dir=$PWD
# Who starts last has the directory: should two jobs of one name ever run, the files are one's alone.
[ -z "${SLURM_JOB_ID:-}" ] || printf '%s\n' "$SLURM_JOB_ID" >owner
# A requeued job finds what its first run left.
rm -f endpoint.json exit.json gpu .flushed
# One that has to build does, until it is seen that it need not.
<<stage>>
IFS= read -r wf_key <key

<<log>>
exec > >(wf_pump) 2>&1 </dev/null
wf_pump_pid=$!

wf_now() {
  local at=${EPOCHREALTIME:-}
  at=${at/[.,]/}
  if [ -n "$at" ]; then printf '%s' "${at:0:13}"; else printf '%s000' "$(date +%s)"; fi
}

wf_owns() {
  local owner=
  [ -z "${SLURM_JOB_ID:-}" ] || ! IFS= read -r owner 2>/dev/null <owner || [ "$owner" = "$SLURM_JOB_ID" ]
}

# wf_write NAME TEXT: the file appears whole or not at all. A job that lost its directory leaves it alone.
wf_write() {
  wf_owns || return
  printf '%s\n' "$2" >".$1.new" && mv -f ".$1.new" "$1"
}

<<processes>>

# What is being built is of no use in part.
wf_end_build() { [ -z "$wf_builder" ] || kill -KILL -- "-$wf_builder" 2>/dev/null; }

wf_drain() {
  [ -z "$wf_cause" ] || return
  wf_cause=drained
  echo "wakefield: asked to drain"
  wf_end_build
  [ -n "$wf_engine" ] || return
  # To the engine's own pid only: workers of vLLM end at once on TERM, and with them every stream.
  kill -TERM "$wf_engine" 2>/dev/null
  wf_kill_after "$wf_grace"
}

wf_terminate() {
  [ "$wf_cause" != terminated ] || return
  wf_cause=terminated
  echo "wakefield: the cluster ends this job"
  wf_end_build
  [ -n "$wf_engine" ] || return
  kill -TERM -- "-$wf_engine" 2>/dev/null
  # SLURM's KillWait is 30 s by default and must not be over before exit.json is written.
  wf_kill_after <<terminate_grace>>
}

# The engine, and what it has on other nodes.
wf_end_engine() {
  wf_ranks_end
  [ -z "$wf_engine" ] || wf_end_group "$wf_engine"
}

wf_finish() {
  local code=$? pid try signal=''
  [ -z "$wf_done" ] || return
  wf_done=yes
  trap '' USR1 TERM INT HUP
  [ -n "$wf_cause" ] || { wf_cause=$wf_blame; [ "$wf_status" -ne 0 ] || wf_status=$code; }
  wf_end_engine
  for pid in $wf_sampler $wf_killers; do
    kill -KILL -- "-$pid"
    wf_wait "$pid"
  done 2>/dev/null
  case $wf_cause in
    setup | absent) ;;
    *)
      [ "$wf_status" -le 128 ] || signal=$(kill -l "$wf_status" 2>/dev/null)
      echo "wakefield: ended, cause $wf_cause${wf_engine:+, engine exit code $wf_status${signal:+ ($signal)}}"
      ;;
  esac
  rm -f .flushed
  exec >/dev/null 2>&1
  for try in {1..40}; do
    wf_alive "$wf_pump_pid" || break
    sleep 0.05
  done
  kill -KILL "$wf_pump_pid" 2>/dev/null
  wf_write exit.json "{\"exitCode\":$wf_status,\"cause\":\"$wf_cause\",${wf_missing:+\"missing\":\"$wf_missing\",}\"at\":$(wf_now)}"
  case $wf_cause in
    drained) exit 0 ;;
    terminated) exit 143 ;;
    *) exit "$wf_status" ;;
  esac
}

trap wf_drain USR1
trap wf_terminate TERM INT HUP
trap wf_finish EXIT
# The log is the engine's: bash would write into it which command of ours died of which signal. It does not where the signal is
# trapped and there is no job control; so that is on (`set -m`) only while something is started that is to have a group of its own.
trap : KILL ABRT BUS FPE ILL SEGV

# Mean use of this job's GPUs, 0-100, where nvidia-smi exists.
wf_sample() {
  trap - USR1 TERM INT HUP
  local mean devices=()
  case ${CUDA_VISIBLE_DEVICES:-} in
    '' | *[!0-9,A-Za-z-]*) ;;
    *) devices=(-i "$CUDA_VISIBLE_DEVICES") ;;
  esac
  while :; do
    mean=$(nvidia-smi "${devices[@]}" --query-gpu=utilization.gpu --format=csv,noheader,nounits |
      awk '/^ *[0-9]/ { sum += $1; n++ } END { if (n) printf "%.1f", sum / n }')
    [ -z "$mean" ] || wf_write gpu "$mean"
    sleep 10
  done
}

<<port>>

wf_host() {
  local host
  case <<advertise>> in
    hostname) host=${SLURMD_NODENAME:-$(hostname)} ;; # `hostname` may not be what SLURM calls this node
    fqdn) host=$(hostname -f) ;;
    ip) host=$(hostname -I | awk '{ print $1 }') ;;
    *) host=<<advertise_host>> ;;
  esac
  printf '%s' "${host//[!A-Za-z0-9.:_-]/}"
}

# wf_absent CODE WORDS: the engine is not there: trying again is no use.
wf_absent() {
  wf_status=$1 wf_cause=absent
  echo "wakefield: engine "<<engine>>" is not installed here: $2; "<<install_hint>>
  exit "$1"
}

# wf_no_program NAME: it is needed, and not there. People are told the name with the end of the job.
wf_no_program() {
  wf_missing=${1//[!A-Za-z0-9._\/+-]/}
  wf_absent 127 "there is no program $1"
}

# The recipe's own question whether its engine is there, asked of one that failed: looking costs seconds. Its last
# words tell what is missing.
wf_ask_installed() {
  local question=(<<installed>>) said code
  [ "${#question[@]}" -gt 0 ] || return 0
  said=$(timeout 60 "${WAKEFIELD_WRAP[@]}" "${question[@]}" 2>&1)
  code=$?
  [ "$code" -eq 0 ] || [ "$code" -eq 124 ] || wf_absent "$wf_status" "${said##*$'\n'}"
}

# What the engine alone is to find in its environment.
wf_environment() {
  :
<<environment>>
}

# Nothing is started on other nodes, unless the recipe and the job have it otherwise.
wf_ranks_prepare() { :; }
wf_ranks_start() { :; }
wf_ranks_end() { :; }
<<ranks>>

wf_start() {
  local wf_argv=() first
  wf_blame=setup
<<argv>>
  wf_ranks_prepare
  # Asked to end while this was made out.
  [ -z "$wf_cause" ] || exit 0
  first=${WAKEFIELD_WRAP[0]:-${wf_argv[0]}}
  type -P -- "$first" >/dev/null || wf_no_program "$first"
  wf_blame=engine
  echo "wakefield: starting the engine on port $wf_port"
  set -m
  (
    trap - USR1 TERM INT HUP
    wf_environment
    exec "${WAKEFIELD_WRAP[@]}" "${wf_argv[@]}"
  ) 9>&- &
  wf_engine=$!
  wf_ranks_start
  set +m
  wf_write endpoint.json "{\"host\":\"$(wf_host)\",\"port\":$wf_port,\"pid\":$wf_engine,\"at\":$(wf_now)}"
  # A signal that came before there was an engine to tell.
  [ -z "$wf_cause" ] || { kill -TERM "$wf_engine" && wf_kill_after <<terminate_grace>>; } 2>/dev/null
}

# A trap interrupts `wait`, so the engine's own status needs another one.
wf_await() {
  local status
  while :; do
    wait "$wf_engine"
    wf_status=$?
    wf_alive "$wf_engine" || break
  done
  wf_wait "$wf_engine"
  status=$?
  [ "$status" -eq 127 ] || wf_status=$status
}

# Whether the engine died because somebody else has its port.
wf_port_lost() {
  local try
  rm -f .flushed
  echo "$wf_mark"
  for try in {1..20}; do
    [ ! -e .flushed ] || break
    sleep 0.05
  done
  tail -n 300 log | awk '/^wakefield: starting the engine/ { text = "" } { text = text $0 "\n" } END { printf "%s", text }' |
    grep -qiE 'address already in use|EADDRINUSE|port [0-9]+ is already in use' || ! wf_bindable "$wf_port"
}

wf_setup_failed() {
  # Of what ended it.
  [ -z "$wf_cause" ] || exit 0
  echo "wakefield: a set-up line failed with code $1: $2"
  wf_status=$1
  exit "$1"
}

# What the cluster's configuration says for this engine.
<<profile_environment>>
<<login>>
# A set-up line that fails ends the job in its own words, before an engine fails in others. What happens inside
# functions and sourced files is their own affair, and `|| true` lets a line pass.
wf_blame=setup
wf_depth=${#BASH_SOURCE[@]}
trap '[ "${#BASH_SOURCE[@]}" -gt "$wf_depth" ] || wf_setup_failed "$?" "$BASH_COMMAND"' ERR
<<setup>>
trap - ERR
<<build>>
# What whoever started it chose: after the build, which everybody else of this account is going to use.
<<work_environment>>
<<folders>>
wf_blame=engine

wf_model=<<hf_model_id>>
wf_models=<<model_directory>>
if [ -n "$wf_models" ] && [ -d "$wf_models/$wf_model" ]; then wf_model=$wf_models/$wf_model; fi

if command -v nvidia-smi >/dev/null; then
  set -m
  wf_sample >/dev/null 2>&1 9>&- &
  wf_sampler=$!
  set +m
fi

for wf_try in 1 2 3 4 5; do
  [ -z "$wf_cause" ] || break
  wf_pick_port || { wf_status=1; break; }
  wf_start
  wf_await
  [ -z "$wf_cause" ] && [ "$wf_status" -ne 0 ] && [ "$wf_try" -lt 5 ] && wf_port_lost || break
  wf_end_engine
  echo "wakefield: port $wf_port was taken, trying another"
done
[ -n "$wf_cause" ] || [ "$wf_status" -eq 0 ] || wf_ask_installed
exit "$wf_status"
