#!/bin/sh
# Moves the charge handler of Splynx's official Payment Express (Windcave) add-on aside on the
# Splynx host, and back. It deletes nothing, and touches no database and no other file.
#
# UNPROVEN: no Splynx was at hand when this was written. That handlers lie in the folder below is
# from Splynx's manual; what this one's file is called is not public. Try it on a copy of the
# host first, and read README.md beside this file.
set -eu

splynx=/var/www/splynx
todo=apply
dry=yes
asked=''

usage() {
	cat <<'END'
usage: paymentexpress-host.sh [--dry-run] [--apply | --undo] [--splynx DIR] [--handler NAME]

  --dry-run       only say what would be done; the default, and stronger than the next two
  --apply         move the charge handler aside
  --undo          put it back
  --splynx DIR    where Splynx is; default /var/www/splynx
  --handler NAME  the handler's name in its folder, where this script does not find it
END
}

say() { printf '%s\n' "$*"; }

refuse() {
	printf 'refused: %s\n' "$*" >&2
	exit 1
}

there() { [ -e "$1" ] || [ -L "$1" ]; }

# A folder that is not as Splynx's is left alone.
recognise() {
	[ -d "$splynx" ] || refuse "$splynx is not there; name Splynx's folder with --splynx"
	[ -e "$splynx/system/script/addon" ] || refuse "$splynx has no system/script/addon: not a Splynx that this script knows"
	[ -d "$handlers" ] || refuse "$handlers is not there: not a Splynx that this script knows"
	if there "$aside" && { [ -L "$aside" ] || [ ! -d "$aside" ]; }; then
		refuse "$aside is not a folder of this script's"
	fi
}

# What Splynx calls handlers is PHP.
is_php() {
	{ [ -f "$1" ] || [ -d "$1" ]; } && grep -rqs '<?php' "$1"
}

named_so() {
	case $(printf '%s' "$1" | tr -d '._-' | tr '[:upper:]' '[:lower:]') in
	*paymentexpress* | *windcave*) return 0 ;;
	esac
	return 1
}

# find_handler sets handler to the one entry that is the add-on's; to nothing where there is none.
find_handler() {
	handler=''
	if [ -n "$asked" ]; then
		if there "$handlers/$asked"; then handler=$asked; fi
		return 0
	fi
	speaks=''
	for entry in "$handlers"/*; do
		there "$entry" || continue
		name=${entry##*/}
		if named_so "$name"; then
			[ -z "$handler" ] || refuse "$handler and $name both look like the add-on's; run it for each: --handler NAME"
			handler=$name
		elif grep -rqsi -e paymentexpress -e windcave "$entry"; then
			speaks=$name
		fi
	done
	if [ -z "$handler" ] && [ -n "$speaks" ]; then
		refuse "$handlers/$speaks is not named like the add-on's, but speaks of it; look at it, then name it: --handler $speaks"
	fi
}

may_write() { [ -w "$1" ] || refuse "this user may not write in $1: run it as root"; }

# One file system, so that moving is renaming: it happens whole, or not at all.
same_disk() {
	[ "$(df -P "$handlers" | awk 'NR == 2 { print $NF }')" = "$(df -P "$splynx/system" | awk 'NR == 2 { print $NF }')" ]
}

put_aside() {
	find_handler
	if [ -z "$handler" ]; then
		say "nothing to move: no charge handler ${asked:-of the add-on} is in $handlers"
		return 0
	fi
	is_php "$handlers/$handler" || refuse "$handlers/$handler is not PHP, as a handler is: not one that this script knows"
	same_disk || refuse "$handlers and $splynx/system are on two file systems"
	turn=1
	while there "$aside/$turn"; do turn=$((turn + 1)); done
	if [ "$dry" = yes ]; then
		say "would move $handlers/$handler to $aside/$turn/$handler; --apply does it"
		return 0
	fi
	may_write "$handlers"
	may_write "$splynx/system"
	umask 077
	mkdir -p "$aside"
	mkdir "$aside/$turn"
	mv "$handlers/$handler" "$aside/$turn/$handler"
	say "moved $handlers/$handler to $aside/$turn/$handler; --undo puts it back"
}

# The newest of each name goes back; nothing is written over.
put_back() {
	turn=0
	while there "$aside/$((turn + 1))"; do turn=$((turn + 1)); done
	back=0
	seen=''
	while [ "$turn" -gt 0 ]; do
		for entry in "$aside/$turn"/*; do
			there "$entry" || continue
			name=${entry##*/}
			[ -z "$asked" ] || [ "$name" = "$asked" ] || continue
			back=$((back + 1))
			if there "$handlers/$name"; then
				say "stays in $aside/$turn: $handlers/$name is in its place"
			elif [ "${seen#*/"$name"/}" != "$seen" ]; then
				say "stays in $aside/$turn: a newer one goes back"
			elif [ "$dry" = yes ]; then
				say "would move $entry to $handlers/$name; --undo without --dry-run does it"
			else
				may_write "$handlers"
				mv "$entry" "$handlers/$name"
				say "moved $entry to $handlers/$name"
			fi
			seen=$seen/$name/
		done
		turn=$((turn - 1))
	done
	[ "$back" -gt 0 ] || say "nothing to put back: nothing is in $aside"
}

# What this script leaves to people.
remind() {
	if [ -d "$splynx/addons/splynx-paymentexpress" ]; then
		say "The add-on is installed. Its upgrades may put the handler back: run this again after each, or hold the package: apt-mark hold splynx-paymentexpress"
	fi
	say "Entry points and the payment account are not made by this script: see README.md."
	# Only where: a line may hold what is nobody's business.
	calls=$(grep -Hns 'script/addon' "$splynx"/addons/*/commands/*.php | cut -d: -f1,2 | head -n 20)
	if [ -n "$calls" ]; then
		say "How add-ons on this host call script/addon, for whoever makes entry points:"
		say "$calls"
	fi
}

while [ $# -gt 0 ]; do
	case $1 in
	--dry-run) dry=always ;;
	--apply | --undo)
		todo=${1#--}
		if [ "$dry" = yes ]; then dry=no; fi
		;;
	--splynx | --handler)
		if [ -z "${2-}" ]; then
			usage >&2
			exit 2
		fi
		if [ "$1" = --splynx ]; then splynx=${2%/}; else asked=$2; fi
		shift
		;;
	--help | -h)
		usage
		exit 0
		;;
	*)
		usage >&2
		exit 2
		;;
	esac
	shift
done
if [ "$dry" = always ]; then dry=yes; fi
case $asked in
*/* | . | ..) refuse "--handler takes a name in the folder of handlers, not a path" ;;
esac
handlers=$splynx/system/external_handlers/finance/charge
aside=$splynx/system/paymentexpress-aside # outside of what Splynx may list as handlers

say "UNPROVEN on a real Splynx: try it on a copy first."
recognise
if [ "$todo" = undo ]; then put_back; else put_aside; fi
remind
