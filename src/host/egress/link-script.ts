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

const NO_IPV6 = `for all in /proc/sys/net/ipv6/conf/*/disable_ipv6; do [ -e "$all" ] && echo 1 > "$all"; done`;

/** Inside the namespace: one address, one way out, and no IPv6. */
const IN_NAMESPACE = `nsenter "--net=$where" /bin/sh -ec '
${NO_IPV6}
ip link set dev lo up
ip address add "$1/32" dev eth0
ip link set dev eth0 up
ip route add "$2" dev eth0 scope link
ip route add default via "$2"' coldframe "$address" "$gateway"`;

/** `where` is a path to the namespace. */
export const LINK_NAMESPACE = `${HEAD}
ip link add "$host" type veth peer name eth0 netns "$where"
${TAIL}
${IN_NAMESPACE}`;

/** Makes a namespace with a name, for a sandbox that is started in it. */
export const MAKE_NAMESPACE = `set -e
ip netns add "$1"`;

/**
 * The tap at the other end of a guest's network card. Every namespace has its own, so the name is the same in every
 * clone of a snapshot.
 */
export const TAP = 'tap0';

/**
 * Makes a namespace for a monitor, with a tap that its uid may open and nothing behind the tap yet. Nothing in the
 * namespace has an address. Whoever breaks out of a guest into its monitor finds the same one link, and cannot even
 * give it an address.
 */
export const MAKE_TAP = `set -e
ip netns add "$1"
nsenter "--net=/run/netns/$1" /bin/sh -ec '
${NO_IPV6}
ip link add br0 type bridge
ip tuntap add dev ${TAP} mode tap user "$1"
ip link set dev ${TAP} master br0
ip link set dev ${TAP} up
ip link set dev br0 up' coldframe "$2"`;

/** `where` is a path to a namespace made by MAKE_TAP. */
export const LINK_TAP = `${HEAD}
ip link add "$host" type veth peer name eth0 netns "$where"
nsenter "--net=$where" /bin/sh -ec '
ip link set dev eth0 master br0
ip link set dev eth0 up'
${TAIL}`;

/** Safe to repeat: each part may already be gone, and some parts go with the sandbox. */
export const UNLINK = `host=$1 address=$2 table=$3 namespace=$4
nft delete element inet "$table" sources "{ \\"$host\\" . $address }" 2>/dev/null
[ -z "$namespace" ] || [ ! -e "/run/netns/$namespace" ] || ip netns delete "$namespace" || exit 1
[ ! -e "/sys/class/net/$host" ] || ip link delete dev "$host" 2>/dev/null || [ ! -e "/sys/class/net/$host" ]`;

/** The same for a namespace that was never linked. */
export const REMOVE_NAMESPACE = `[ ! -e "/run/netns/$1" ] || ip netns delete "$1" || [ ! -e "/run/netns/$1" ]`;
