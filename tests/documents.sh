#!/usr/bin/env bash
# documents.sh GODWIT: what is written about the program is what the program says of itself, and
# what is installed is there.
set -euo pipefail
godwit=$(realpath "$1")
cd "$(dirname "$0")/.."
compare() { # compare FORM FILE
  "$godwit" reference "$1" | diff -u "docs/reference/$2" - && return
  echo "docs/reference/$2 is stale: godwit reference $1 > docs/reference/$2" >&2
  return 1
}
compare markdown cli.md
compare stores stores.md
compare config config.md
compare openapi openapi.json
complaints=$("$godwit" reference man | mandoc -T lint -W warning || true)
[ -z "$complaints" ] || { echo "$complaints"; exit 1; }
"$godwit" completions bash | bash -n
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
cmake --install "$(dirname "$godwit")" --prefix "$root" >/dev/null
"$root/bin/godwit" --version | grep -q '^godwit [0-9]'
test -s "$root/share/man/man1/godwit.1"
grep -q "^ExecStart=$root/bin/godwit run " "$root/lib/systemd/system/godwit.service"
"$godwit" config check packaging/godwit.toml >/dev/null
cpack --config "$(dirname "$godwit")/CPackConfig.cmake" -G DEB -B "$root/deb" >/dev/null
packed=$(dpkg -c "$root"/deb/*.deb)
grep -q ' ./usr/bin/godwit$' <<<"$packed"
grep -q ' ./usr/lib/systemd/system/godwit.service$' <<<"$packed"
echo "documents are true"
