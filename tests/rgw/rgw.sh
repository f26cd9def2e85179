#!/usr/bin/env bash
# rgw.sh up NAME | down NAME: a one-node Ceph cluster (mon, osd on memstore, radosgw) on loopback.
#
# `up` prints what a client needs, as shell assignments, and writes the same to
# $GODWIT_RGW_DIR/NAME/env. Ports are free ones. `down` ends just the processes that `up` began.
# Needs Debian's ceph-mon, ceph-osd, ceph-common and radosgw (scripts/setup installs them).
set -euo pipefail

dir=${GODWIT_RGW_DIR:-${TMPDIR:-/tmp}/godwit-rgw}
action=${1:?up or down}
name=${2:?a name for the region}
home=$dir/$name
access_key=GODWITTESTACCESSKEY1
secret_key=godwittestsecretkey000000000000000000001

free_port() {
  python3 -c 'import socket
s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

wait_for() { # wait_for SECONDS WHAT COMMAND...
  local tries=$(($1 * 10)) what=$2
  shift 2
  for ((i = 0; i < tries; i++)); do
    "$@" >/dev/null 2>&1 && return 0
    sleep 0.1
  done
  echo "rgw.sh: $name: $what did not come up; logs are in $home/log" >&2
  return 1
}

begin() { # begin PROCESS COMMAND...: in the background, its pid kept
  local process=$1
  shift
  (exec setsid "$@" </dev/null >>"$home/log/$process.out" 2>&1) &
  echo $! >"$home/run/$process.pid"
  disown
}

end() { # end PROCESS SIGNAL: and wait until it has gone
  local file=$home/run/$1.pid pid
  [ -s "$file" ] || return 0
  pid=$(cat "$file")
  kill "-$2" "$pid" 2>/dev/null || true
  for ((i = 0; i < 100; i++)); do
    # Gone, or a zombie that its parent has yet to reap.
    grep -qs '^State:[[:space:]]*[^Z]' "/proc/$pid/status" || break
    sleep 0.05
  done
  kill -KILL "$pid" 2>/dev/null || true
  rm -f "$file"
}

down() {
  # Memstore has nothing to save.
  for process in rgw osd mon; do end "$process" KILL; done
  rm -rf "$home"
}

write_config() {
  cat >"$home/ceph.conf" <<CONF
[global]
fsid = $(cat /proc/sys/kernel/random/uuid)
mon_host = [v2:127.0.0.1:$1/0]
ms_bind_msgr1 = false
public_network = 127.0.0.0/8
auth_cluster_required = none
auth_service_required = none
auth_client_required = none
run_dir = $home/run
log_file = $home/log/\$name.log
admin_socket = $home/run/\$name.asok
pid_file =
crash_dir = $home/log
keyring = $home/keyring
osd_pool_default_size = 1
osd_pool_default_min_size = 1
osd_pool_default_pg_num = 8
osd_pool_default_pgp_num = 8
osd_pool_default_pg_autoscale_mode = off
osd_crush_chooseleaf_type = 0
[mon]
mon_data = $home/mon
mon_allow_pool_size_one = true
mon_warn_on_pool_no_redundancy = false
mon_data_avail_crit = 1
mon_max_pg_per_osd = 2000
paxos_propose_interval = 0.05
[osd]
osd_data = $home/osd
osd_objectstore = memstore
memstore_device_bytes = ${GODWIT_RGW_BYTES:-6442450944}
osd_class_load_list = *
osd_class_default_list = *
osd_scrub_load_threshold = 0
[client.rgw.$name]
rgw_frontends = beast endpoint=127.0.0.1:$2 tcp_nodelay=1
rgw_data = $home/rgw
rgw_enable_apis = s3, admin, notifications
rgw_gc_obj_min_wait = 1
rgw_gc_processor_period = 5
ms_mon_client_mode = crc
CONF
}

up() {
  command -v radosgw ceph-mon ceph-osd >/dev/null ||
    { echo "rgw.sh: Ceph is missing; run scripts/setup" >&2; exit 1; }
  [ ! -e "$home" ] || down
  mkdir -p "$home"/{mon,osd,rgw,run,log}
  trap 'down' ERR
  local mon_port port conf=$home/ceph.conf
  mon_port=$(free_port)
  port=$(free_port)
  write_config "$mon_port" "$port"
  : >"$home/keyring"
  local fsid
  fsid=$(sed -n 's/^fsid = //p' "$conf")
  monmaptool --create --clobber --fsid "$fsid" --addv m "[v2:127.0.0.1:$mon_port]" \
    "$home/monmap" >/dev/null
  ceph-mon -c "$conf" --mkfs -i m --monmap "$home/monmap" >>"$home/log/mkfs.log" 2>&1
  begin mon ceph-mon -c "$conf" -i m -f
  wait_for 20 "the monitor" timeout 5 ceph -c "$conf" --connect-timeout 2 mon stat
  local uuid
  uuid=$(cat /proc/sys/kernel/random/uuid)
  ceph -c "$conf" osd new "$uuid" >/dev/null
  ceph-osd -c "$conf" -i 0 --mkfs --osd-uuid "$uuid" >>"$home/log/mkfs.log" 2>&1
  begin osd ceph-osd -c "$conf" -i 0 -f
  wait_for 20 "the OSD" sh -c "ceph -c '$conf' osd stat -f json | grep -q '\"num_up_osds\":1'"
  radosgw-admin -c "$conf" user create --uid=godwit --display-name=godwit \
    --access-key="$access_key" --secret-key="$secret_key" --max-buckets=0 \
    >"$home/user.json" 2>>"$home/log/admin.log"
  begin rgw radosgw -c "$conf" -n "client.rgw.$name" -f
  wait_for 60 "the gateway" curl --noproxy '*' -s -o /dev/null "http://127.0.0.1:$port/"
  printf 'ENDPOINT=http://127.0.0.1:%s\nACCESS_KEY=%s\nSECRET_KEY=%s\n' \
    "$port" "$access_key" "$secret_key" | tee "$home/env"
}

"$action"
