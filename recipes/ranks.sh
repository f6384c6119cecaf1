# Part of job.sh, for recipes with `ranks` in a job of several nodes. The batch shell is on the first node and has rank 0,
# whose own pid gets the signal to drain; srun starts the others.
wf_others='' wf_rank='' wf_head='' wf_head_port='' wf_common=() wf_words=()

# What is added to the command for the rank in wf_rank. Runs on the other nodes, too.
wf_rank_words() {
  wf_words=(<<args>>)
  [ "$wf_rank" -eq 0 ] || wf_words+=(<<others>>)
}

# The first node's address for the others. Debian has a host's own name on 127.0.1.1.
wf_head_address() {
  local name=${SLURMD_NODENAME:-$(hostname)} address
  address=$(getent ahostsv4 "$name" | awk '{ print $1; exit }')
  case $address in '' | 127.*) address=$(hostname -I | awk '{ print $1 }') ;; esac
  printf '%s' "${address:-$name}"
}

# Engines have a default port to meet at, the same for all jobs of a node. A job takes one of its own.
wf_ranks_prepare() {
  local try span=$((wf_to - wf_from + 1))
  wf_head=$(wf_head_address)
  for ((try = 0; try < 200; try++)); do
    wf_head_port=$((wf_from + (RANDOM * 32768 + RANDOM) % span))
    [ "$wf_head_port" -eq "$wf_port" ] || ! wf_bindable "$wf_head_port" || break
  done
  wf_common=("${wf_argv[@]}")
  wf_rank=0
  wf_rank_words
  wf_argv+=("${wf_words[@]}")
}

# One that ends takes the others with it, and then the engine: what is left would wait for it for ever.
# --export=ALL, as SLURM_EXPORT_ENV=NONE of the submission would leave ranks without environment; CPUs are named because
# steps do not take them over from their job since 22.05.
wf_ranks_start() {
  (
    trap - USR1 TERM INT HUP
    wf_environment
    srun --nodes=<<others_count>> --ntasks=<<others_count>> --ntasks-per-node=1 --relative=1 --overlap \
      --cpus-per-task="${SLURM_CPUS_PER_TASK:-${SLURM_CPUS_ON_NODE:-1}}" --kill-on-bad-exit=1 --export=ALL \
      bash -c "$(declare -f wf_rank_words)"'
wf_rank=$((SLURM_PROCID + 1)) wf_head=$1 wf_head_port=$2 wf_port=$3 wf_dir=$4 wf_model=$5
shift 5
cd -- "$wf_dir" || exit
wf_rank_words
exec "$@" "${wf_words[@]}"' wakefield "$wf_head" "$wf_head_port" "$wf_port" "$wf_dir" "$wf_model" \
      "${WAKEFIELD_WRAP[@]}" "${wf_common[@]}"
    echo "wakefield: the ranks on the other nodes ended with code $?"
    kill -TERM -- "-$wf_engine" 2>/dev/null
  ) 9>&- &
  wf_others=$!
}

wf_ranks_end() {
  [ -n "$wf_others" ] || return
  wf_end_group "$wf_others"
  wf_others=''
}
