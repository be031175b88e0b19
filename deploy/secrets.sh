#!/bin/sh
# Makes the secrets that docker-compose.yml mounts, each a file in deploy/secrets:
#
#   deploy/secrets.sh [FOLDER [CLICKHOUSE]]      CLICKHOUSE such as clickhouses://host:9440/shop, without users
#
# What is there stays as it is: to change a secret, delete its file and run this again.
#
# Only the owner can enter the folder. The files in it are readable, since Compose mounts them as they are and the
# processes in the containers run as users of their own.
set -eu

folder=${1:-$(dirname "$0")/secrets}
clickhouse=${2:-clickhouse://clickhouse:9000/default}
umask 077
mkdir -p "$folder"
chmod 700 "$folder"

# write NAME: what comes on standard input; a command that gave nothing leaves no file.
write() {
    part=$(mktemp "$folder/.part.XXXXXX")
    cat >"$part"
    if [ ! -s "$part" ]; then
        rm "$part"
        echo "$0: $1 can't be made" >&2
        exit 1
    fi
    chmod 644 "$part"
    mv "$part" "$folder/$1"
    echo "made $1"
}

# random NAME: 32 bytes in hexadecimal, which need no escape in a URL or in XML.
random() {
    [ -e "$folder/$1" ] || openssl rand -hex 32 | write "$1"
}

# url NAME USER: how to reach ClickHouse as USER, whose password is NAME_password; made anew whenever that is newer.
url() {
    [ -e "$folder/$1" ] && [ ! "$folder/$1_password" -nt "$folder/$1" ] ||
        echo "${clickhouse%%://*}://$2:$(cat "$folder/$1_password")@${clickhouse#*://}" | write "$1"
}

for name in model_key erasure_key http_token console_token grafana_password; do
    random "$name"
done
for user in admin worker console analyst; do
    random "clickhouse_${user}_password"
done
for user in admin worker console; do
    url "clickhouse_$user" "footfall_$user"
done
if [ ! -e "$folder/clickhouse_admin.xml" ] || [ "$folder/clickhouse_admin_password" -nt "$folder/clickhouse_admin.xml" ]; then
    hash=$(tr -d '\n' <"$folder/clickhouse_admin_password" | openssl dgst -sha256 | sed 's/.*= *//')
    write clickhouse_admin.xml <<XML
<clickhouse>
    <users>
        <footfall_admin>
            <password_sha256_hex>$hash</password_sha256_hex>
        </footfall_admin>
    </users>
</clickhouse>
XML
fi
