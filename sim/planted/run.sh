#!/usr/bin/env bash
# Shows that the simulation sees: plants each bug of this folder in a clone of its own, builds the
# simulator there, and expects it to find a broken promise. By hand or at night, not in CI: it takes
# about a minute a bug.
#   sim/planted/run.sh [NAME]...     only these, e.g. no_file_sync
#   SEEDS=60 JOBS=2                  seeds per scenario, jobs of the build
set -euo pipefail
cd "$(dirname "$0")/../.."

root=$PWD
seeds=${SEEDS:-60}
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

build() { cmake --build build/dev -j"$jobs" --target godwit_sim >"$clone/build.log" 2>&1; }
simulate() { build/dev/sim/godwit_sim --seeds 1 "$seeds" >"$clone/sim.log" 2>&1; }

cmake --preset dev >/dev/null
build || { tail -30 "$clone/build.log"; exit 1; }
simulate || { cat "$clone/sim.log"; echo "without a planted bug the simulation must be clean"; exit 1; }

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
  elif simulate; then
    echo "MISSED  $name: $(head -1 "$patch")"
    missed=$((missed + 1))
  else
    found=$(grep -E " [1-9][0-9]* broken$" "$clone/sim.log" | sed 's/: .* \([0-9]* broken\)$/ (\1)/' | paste -sd, | sed 's/,/, /g')
    echo "FOUND   $name: $found: $(grep -m1 '  seed' "$clone/sim.log" | sed 's/^ *//')"
  fi
  git checkout -q .
done
echo "${#names[@]} bugs planted, $missed not found"
[ "$missed" = 0 ]
