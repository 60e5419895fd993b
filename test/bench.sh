#!/bin/sh
# Measures this machine: the tables of docs/benchmarks.md. Needs bin/sallyport and PostgreSQL; USERS=100000 people go through whole cycles,
# DIRECTORY=1000000 are in the directory that the API is asked about.
set -eu
users=${USERS:-100000}
bin=$(ls -d /usr/lib/postgresql/*/bin | tail -1)
dir=$(mktemp -d)
port=${PORT:-25439}
as=
if [ "$(id -u)" = 0 ]; then
  as="runuser -u postgres --"
  chmod 755 "$dir"
  chown postgres "$dir"
fi
trap '$as "$bin/pg_ctl" -D "$dir/data" -m immediate stop >/dev/null 2>&1 || true; rm -rf "$dir"' EXIT
$as "$bin/initdb" -D "$dir/data" -U postgres -A trust -E UTF8 --locale=C >/dev/null
$as "$bin/pg_ctl" -D "$dir/data" -l "$dir/log" -o "-c listen_addresses=127.0.0.1 -c port=$port -c unix_socket_directories=$dir" -w start >/dev/null
uname -srm
nproc | sed 's/$/ cores/'
echo "== cycle on PostgreSQL"
bin/sallyport bench cycle --users "$users" --target "postgres://postgres@127.0.0.1:$port/postgres"
echo "== cycle on SQLite"
bin/sallyport bench cycle --users "$users" --target sqlite
echo "== SCIM endpoint"
bin/sallyport bench scim
echo "== API"
bin/sallyport bench api --users "${DIRECTORY:-1000000}"
