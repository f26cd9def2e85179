#!/usr/bin/env bash
# Shows that the simulation sees: plants each bug of this folder in a clone of its own, builds the
# simulator there, and expects it to find a broken promise. By hand or at night, not in CI: it takes
# about a minute a bug.
#   sim/planted/run.sh [NAME]...     only these, e.g. no_file_sync
#   SEEDS=60 MORE=600 JOBS=2         seeds per scenario; those when they were not enough (ten minutes
#                                    of a core); jobs at once
#   ALL=1                            name every scenario that finds it
# A bug in src/journal or src/replication must be found by a scenario of groups, any other by one of
# the mover.
set -euo pipefail
cd "$(dirname "$0")/../.."

root=$PWD
seeds=${SEEDS:-60}
more=${MORE:-600}
jobs=${JOBS:-2}
names=("$@")
if [ ${#names[@]} = 0 ]; then
  for patch in sim/planted/*.patch; do names+=("$(basename "$patch" .patch)"); done
fi

clone=$(mktemp -d)
trap 'rm -rf "$clone"' EXIT
git clone -q "$root" "$clone/godwit"
cd "$clone/godwit"
# Objects of the original serve the clone.
export CCACHE_BASEDIR="$clone/godwit" CCACHE_NOHASHDIR=1

simulator=build/release/sim/godwit_sim
clean=$clone/clean_sim # without any bug

build() { cmake --build build/release -j"$jobs" --target godwit_sim >"$clone/build.log" 2>&1; }

# The scenarios that are about what the patch touches.
scenarios_for() {
  if grep -qE '^\+\+\+ b/src/(journal|replication)/' "$1"; then
    ls sim/scenarios/group_*.toml
  else
    ls sim/scenarios/*.toml | grep -v /group_
  fi
}

# One scenario within so many seeds: leaves what it has found in $clone/found/NAME. A bug may also make
# a life go on for ever, or end the simulator. The limit is of its own CPU seconds, for others may be
# at work beside it. A life that is broken without the bug too says nothing of it.
look_at() {
  local scenario=$1 last=$2 log seed seeds found=""
  log=$(mktemp -p "$clone")
  if (ulimit -t 200 && exec $simulator --scenario "$scenario" --seeds 1 "$last") >"$log" 2>&1; then
    return 0
  fi
  seeds=$(sed -nE 's/^  seed ([0-9]+):.*/\1/p' "$log" | uniq)
  [ -n "$seeds" ] || found="  seed (no end)"
  for seed in $seeds; do
    $clean --scenario "$scenario" --seed "$seed" >/dev/null 2>&1 || continue
    found=$(grep -m1 "^  seed $seed:" "$log")
    break
  done
  [ -n "$found" ] || return 0
  echo "$found" >"$clone/found/$(basename "$scenario" .toml)"
  [ -n "${ALL:-}" ] || return 255 # xargs begins no other one
}
export clone simulator clean
export -f look_at

# "SCENARIO (seed N): WHAT" of the first scenario that sees the bug within so many seeds; with ALL=1,
# the names of all.
found_within() {
  local patch=$1 last=$2 first
  rm -rf "$clone/found" && mkdir "$clone/found"
  scenarios_for "$patch" | xargs -P"$jobs" -I{} bash -c 'look_at "$1" "$2"' _ {} "$last" \
    2>/dev/null || true
  first=$(find "$clone/found" -type f -printf '%f\n' | sort | head -1)
  [ -n "$first" ] || return 0
  sed -E "s/^ *(seed [^:]*):?/$first (\1):/" "$clone/found/$first"
  [ -z "${ALL:-}" ] || find "$clone/found" -type f -printf '          %f\n' | sort
}

cmake --preset release -DGODWIT_TESTS=ON >/dev/null
build || { tail -30 "$clone/build.log"; exit 1; }
cp "$simulator" "$clean"
if ! $simulator --seeds 1 "$seeds" >"$clone/sim.log" 2>&1; then
  cat "$clone/sim.log"
  echo "without a planted bug the simulation must be clean"
  exit 1
fi

missed=0
for name in "${names[@]}"; do
  patch="$root/sim/planted/$name.patch"
  if ! git apply --recount "$patch" 2>"$clone/apply.log"; then
    echo "STALE   $name: the patch no longer applies"
    missed=$((missed + 1))
    continue
  fi
  if ! build; then
    echo "BROKEN  $name: does not build"
    grep -m3 "error" "$clone/build.log" || true
    missed=$((missed + 1))
    git checkout -q .
    continue
  fi
  found=$(found_within "$patch" "$seeds")
  [ -n "$found" ] || found=$(found_within "$patch" "$more")
  if [ -n "$found" ]; then
    echo "FOUND   $name: by $found"
  else
    echo "MISSED  $name: $(head -1 "$patch")"
    missed=$((missed + 1))
  fi
  git checkout -q .
done
echo "${#names[@]} bugs planted, $missed not found"
[ "$missed" = 0 ]
