#!/usr/bin/env bash
# install.sh BUILD_DIRECTORY: what is installed is enough to build and run a program on.
set -euo pipefail
build=$(realpath "$1")
here=$(realpath "$(dirname "$0")")
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
cmake --install "$build" --prefix "$root/installed" >/dev/null
mkdir "$root/outside"
cp "$here/outside/CMakeLists.txt" "$here/../../examples/quick_start.cc" "$root/outside"
cmake -S "$root/outside" -B "$root/build" -G Ninja -DCMAKE_PREFIX_PATH="$root/installed" \
  -DEXAMPLE=quick_start.cc >/dev/null
cmake --build "$root/build" >/dev/null
"$root/build/outside" "$root/lab"
if grep -rnE '#include [<"](boost|base|world|store)/' "$root/installed/include"; then
  echo "a public header includes what is not installed" >&2
  exit 1
fi
echo "the library is whole"
