#!/usr/bin/env bash
# with_rgw.sh COMMAND...: runs a command beside two fresh Ceph RGW regions, and ends them after it.
# It finds GODWIT_TEST_S3_A and _B (endpoints) and keys in AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
GODWIT_RGW_DIR=$(mktemp -d "${TMPDIR:-/tmp}/godwit-rgw.XXXXXX")
export GODWIT_RGW_DIR
finish() {
  "$here/rgw.sh" down a
  "$here/rgw.sh" down b
  rm -rf "$GODWIT_RGW_DIR"
}
trap finish EXIT
for name in a b; do "$here/rgw.sh" up "$name" >/dev/null; done
GODWIT_TEST_S3_A=$(sed -n 's/^ENDPOINT=//p' "$GODWIT_RGW_DIR/a/env")
GODWIT_TEST_S3_B=$(sed -n 's/^ENDPOINT=//p' "$GODWIT_RGW_DIR/b/env")
AWS_ACCESS_KEY_ID=$(sed -n 's/^ACCESS_KEY=//p' "$GODWIT_RGW_DIR/a/env")
AWS_SECRET_ACCESS_KEY=$(sed -n 's/^SECRET_KEY=//p' "$GODWIT_RGW_DIR/a/env")
export GODWIT_TEST_S3_A GODWIT_TEST_S3_B AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY
export no_proxy=127.0.0.1 NO_PROXY=127.0.0.1
unset AWS_CA_BUNDLE AWS_PROFILE AWS_SESSION_TOKEN
"$@"
