#!/usr/bin/env bash
# documents.sh GODWIT: what is written about the program is what the program says of itself, and
# what is installed is there.
set -euo pipefail
godwit=$(realpath "$1")
cd "$(dirname "$0")/.."
"$godwit" reference markdown | diff -u docs/reference/cli.md - ||
  { echo "docs/reference/cli.md is stale: godwit reference markdown > docs/reference/cli.md" >&2; exit 1; }
complaints=$("$godwit" reference man | mandoc -T lint -W warning || true)
[ -z "$complaints" ] || { echo "$complaints"; exit 1; }
"$godwit" completions bash | bash -n
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
cmake --install "$(dirname "$godwit")" --prefix "$root" >/dev/null
"$root/bin/godwit" --version | grep -q '^godwit [0-9]'
test -s "$root/share/man/man1/godwit.1"
cpack --config "$(dirname "$godwit")/CPackConfig.cmake" -G DEB -B "$root/deb" >/dev/null
packed=$(dpkg -c "$root"/deb/*.deb)
grep -q ' ./usr/bin/godwit$' <<<"$packed"
echo "documents are true"
