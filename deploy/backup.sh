#!/bin/sh
# A copy of the database while it is in use: consistent, and no writer waits for it.
#   deploy/backup.sh /var/lib/kefu/sqlite_db.db /backup/kefu-$(date +%F).db
# Never `VACUUM` a database in use: waiting streams find new events by their row ids.
set -eu
[ $# -eq 2 ] || { echo "usage: $0 DATABASE COPY" >&2; exit 2; }
sqlite3 "$1" ".timeout 5000" ".backup '$2'"
sound=$(sqlite3 "$2" "PRAGMA integrity_check")
echo "$sound"
[ "$sound" = ok ]
