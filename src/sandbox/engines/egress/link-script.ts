/**
 * Shell scripts that make and take apart the link of one sandbox; run by `/bin/sh -c SCRIPT coldframe args...`, so that no
 * value is ever read as code. The source is let through by the rules last, when everything else is in place.
 */

const HEAD = `set -e
host=$1 alias=$2 address=$3 gateway=$4 table=$5 where=$6`;

const QUIET = `[ -e /proc/sys/net/ipv6/conf/$host/disable_ipv6 ] && echo 1 > /proc/sys/net/ipv6/conf/$host/disable_ipv6`;

const TAIL = `ip link set dev "$host" alias "$alias"
${QUIET} || true
ip link set dev "$host" up
ip route add "$address/32" dev "$host" src "$gateway"
nft add element inet "$table" sources "{ \\"$host\\" . $address }"`;

/** Inside the namespace: one address, one way out, and no IPv6. */
const INSIDE = `nsenter "--net=$where" /bin/sh -ec '
for all in /proc/sys/net/ipv6/conf/*/disable_ipv6; do [ -e "$all" ] && echo 1 > "$all"; done
ip link set dev lo up
ip address add "$1/32" dev eth0
ip link set dev eth0 up
ip route add "$2" dev eth0 scope link
ip route add default via "$2"' coldframe "$address" "$gateway"`;

/** `where` is a path to the namespace. */
export const LINK_NAMESPACE = `${HEAD}
ip link add "$host" type veth peer name eth0 netns "$where"
${TAIL}
${INSIDE}`;

/** A namespace with a name, for a sandbox that is started in it. */
export const MAKE_NAMESPACE = `set -e
ip netns add "$1"`;

/** `where` is the uid that may open the tap. */
export const LINK_TAP = `${HEAD}
ip tuntap add dev "$host" mode tap user "$where"
${TAIL}`;

/** Safe to repeat: every part may be gone already, some with the sandbox. */
export const UNLINK = `host=$1 address=$2 table=$3 namespace=$4
nft delete element inet "$table" sources "{ \\"$host\\" . $address }" 2>/dev/null
[ -z "$namespace" ] || [ ! -e "/run/netns/$namespace" ] || ip netns delete "$namespace" || exit 1
[ ! -e "/sys/class/net/$host" ] || ip link delete dev "$host" 2>/dev/null || [ ! -e "/sys/class/net/$host" ]`;
