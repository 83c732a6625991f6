#!/bin/sh
# Installs what the tests need beside Go, git and make: a C compiler for the race detector, and
# Chromium and axe-core, by npm, for the browser tests. Without the rights to, it says what to
# run, and stops.
set -eu
need=''
command -v gcc >/dev/null 2>&1 || need="$need gcc libc6-dev"
command -v chromium >/dev/null 2>&1 || command -v chromium-browser >/dev/null 2>&1 ||
	command -v google-chrome >/dev/null 2>&1 || need="$need chromium fonts-dejavu-core"
command -v npm >/dev/null 2>&1 || need="$need nodejs npm"
axe() { npm ci --prefix "$(dirname "$0")/axe" --silent; }
[ -n "$need" ] || { axe; exit 0; }
command -v apt-get >/dev/null 2>&1 || { echo "The tests need:$need. Install them and run this again." >&2; exit 1; }
if [ "$(id -u)" = 0 ]; then
	as=''
elif sudo -n true 2>/dev/null; then
	as='sudo -n'
else
	echo "The tests need more programs. Run: sudo apt-get update && sudo apt-get install -y --no-install-recommends$need" >&2
	exit 1
fi
export DEBIAN_FRONTEND=noninteractive
$as apt-get update -q
# shellcheck disable=SC2086 # a list of packages
$as apt-get install -y -q --no-install-recommends $need
axe
