# Part of job.sh, for recipes with `build` where the cluster's set-up lines do not bring it. What is built is kept for all
# jobs of this account, under its digest, the kind of machine and what else of the node goes into it.
wf_builds=${XDG_CACHE_HOME:-$HOME/.cache}/wakefield/builds
wf_build=$wf_builds/<<digest>>-$(uname -m)<<of_node>>

wf_build_make() {
<<make>>
}

# A trap interrupts `wait`, not `sleep`.
wf_build_pause() {
  sleep "$1" &
  wait "$!"
  [ -z "$wf_cause" ] || exit 0
}

# Waits until no other job builds the same; fails once one has. The lock saves work only: a build appears whole under its
# name, and once, so a lock that is taken from somebody slow does no harm. Its holder touches it every 20 s.
wf_build_turn() {
  local told=''
  until mkdir "$wf_build.lock" 2>/dev/null; do
    [ ! -e "$wf_build/done" ] || return 1
    if [ ! -d "$wf_build.lock" ]; then
      # It went this moment, or nothing can be made here: the build itself will tell.
      mkdir "$wf_build.lock" 2>/dev/null && break
      [ -d "$wf_build.lock" ] || break
    elif [ -n "$(find "$wf_build.lock" -maxdepth 0 -mmin +2 2>/dev/null)" ]; then
      rmdir "$wf_build.lock" 2>/dev/null
    else
      [ -n "$told" ] || echo "wakefield: another job builds the same; waiting for it"
      told=yes
      wf_build_pause 1
    fi
  done
  # Whoever had the lock before may have been at it.
  [ ! -e "$wf_build/done" ] || ! rmdir "$wf_build.lock" 2>/dev/null
}

# Removes what killed builds left, of whatever recipe: a folder that no name leads to, a day after anything was made in it.
# A build that ends touches its folder before it is named.
wf_build_sweep() {
  local left
  find "$wf_builds" -mindepth 1 -maxdepth 1 -type d -name '*-*.[0-9]*' -mmin +1440 2>/dev/null |
    while IFS= read -r left; do
      [ "$(readlink "${left%.*}")" = "${left##*/}" ] || rm -rf -- "$left"
    done
}

# wf_build_in DIRECTORY: in a group of its own, so that a drain and the end of the job end it.
wf_build_in() {
  local beat code last
  set -m
  (
    trap - USR1 TERM INT HUP
    while sleep 20; do touch "$wf_build.lock"; done
  ) >/dev/null 2>&1 &
  beat=$!
  (
    trap - USR1 TERM INT HUP
    wf_build_sweep
    mkdir "$1" && wf_build_make "$1"
  ) &
  wf_builder=$!
  set +m
  # A signal that came before there was anything to end.
  [ -z "$wf_cause" ] || wf_end_build
  while :; do
    wait "$wf_builder"
    code=$?
    wf_alive "$wf_builder" || break
  done
  wf_wait "$wf_builder"
  last=$?
  [ "$last" -eq 127 ] || code=$last
  wf_builder=''
  kill -KILL -- "-$beat" 2>/dev/null
  wf_wait "$beat"
  return "$code"
}

# wf_build_name FOLDER: gives it the build's name. -n: a link that is there is not followed, and refuses the new one, unless
# what it leads to was removed: then it is replaced, in one step.
wf_build_name() {
  ln -sn "${1##*/}" "$wf_build" 2>/dev/null && return
  [ -L "$wf_build" ] && [ ! -e "$wf_build/done" ] || return
  ln -s "${1##*/}" "$1.name" && mv -fT "$1.name" "$wf_build"
}

wf_build_all() {
  local own=$wf_build.$RANDOM$RANDOM code=0 program
  [ ! -e "$wf_build/done" ] || { rm -f stage; return 0; }
  for program in <<programs>>; do
    type -P -- "$program" >/dev/null || wf_no_program "$program"
  done
  mkdir -p "$wf_builds" || return
  if wf_build_turn; then
    # Asked to end before it began.
    if [ -n "$wf_cause" ]; then
      code=1
    else
      echo "wakefield: building "<<what>>
      wf_build_in "$own"
      code=$?
    fi
    if [ "$code" -ne 0 ] || ! : >"$own/done" || ! wf_build_name "$own"; then rm -rf "$own"; fi
    rmdir "$wf_build.lock" 2>/dev/null
  fi
  rm -f stage
  [ "$code" -ne 0 ] || [ -e "$wf_build/done" ] || code=1
  return "$code"
}

wf_build_all || {
  wf_status=$?
  [ -n "$wf_cause" ] || echo "wakefield: the build failed with code $wf_status"
  exit "$wf_status"
}
[ -z "$wf_cause" ] || exit 0
<<use>>
