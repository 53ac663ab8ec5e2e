"""The guest's network: loopback always, and one card where the machine has one. Addresses come from the host when a machine begins,
never from the snapshot it was restored from."""

import ctypes
import fcntl
import glob
import os
import socket
import struct

from . import kernel

_CARD = b"eth0"
_SIOCADDRT = 0x890B
_SIOCGIFFLAGS, _SIOCSIFFLAGS = 0x8913, 0x8914
_SIOCSIFADDR, _SIOCSIFNETMASK = 0x8916, 0x891C
_SIOCSIFHWADDR = 0x8924
_IFF_UP = 1
_RTF_UP, _RTF_GATEWAY, _RTF_HOST = 1, 2, 4
_ARPHRD_ETHER = 1
_ANY = "0.0.0.0"
_RESOLV_CONF = "/run/resolv.conf"


def start_loopback():
    with _control() as control:
        _bring_up(control, b"lo")


def join(network):
    """Gives the card its address and MAC, the one way out and the resolver. Raises OSError, also where there is no card."""
    for switch in glob.glob("/proc/sys/net/ipv6/conf/*/disable_ipv6"):
        kernel.write(switch, "1")
    mac = bytes.fromhex(network["mac"].replace(":", ""))
    with _control() as control:
        _set(control, _SIOCSIFHWADDR, _CARD, struct.pack("<H14s", _ARPHRD_ETHER, mac))
        _set(control, _SIOCSIFADDR, _CARD, _address(network["address"]))
        _set(control, _SIOCSIFNETMASK, _CARD, _address("255.255.255.255"))
        _bring_up(control, _CARD)
        _add_route(control, network["gateway"], _ANY, _RTF_UP | _RTF_HOST)
        _add_route(control, _ANY, network["gateway"], _RTF_UP | _RTF_GATEWAY)
    kernel.write(_RESOLV_CONF, network["resolvConf"])
    os.chmod(_RESOLV_CONF, 0o644)
    kernel.mount(_RESOLV_CONF, "/etc/resolv.conf", "", kernel.MS_BIND)


class _Route(ctypes.Structure):
    """The kernel's struct rtentry."""

    _fields_ = [
        ("pad1", ctypes.c_ulong),
        ("target", ctypes.c_char * 16),
        ("gateway", ctypes.c_char * 16),
        ("mask", ctypes.c_char * 16),
        ("flags", ctypes.c_ushort),
        ("pad2", ctypes.c_short),
        ("pad3", ctypes.c_ulong),
        ("pad4", ctypes.c_void_p),
        ("metric", ctypes.c_short),
        ("device", ctypes.c_char_p),
        ("mtu", ctypes.c_ulong),
        ("window", ctypes.c_ulong),
        ("irtt", ctypes.c_ushort),
    ]


def _control():
    return socket.socket(socket.AF_INET, socket.SOCK_DGRAM)


def _set(control, request, name, value):
    return fcntl.ioctl(control, request, struct.pack("16s24s", name, value))


def _bring_up(control, name):
    (flags,) = struct.unpack_from("<H", _set(control, _SIOCGIFFLAGS, name, b""), 16)
    _set(control, _SIOCSIFFLAGS, name, struct.pack("<H", flags | _IFF_UP))


def _address(text):
    return struct.pack("<HH4s8x", socket.AF_INET, 0, socket.inet_aton(text))


def _add_route(control, target, gateway, flags):
    route = _Route(flags=flags, device=_CARD)
    for field, text in (("target", target), ("gateway", gateway), ("mask", _ANY)):
        ctypes.memmove(ctypes.addressof(route) + getattr(_Route, field).offset, _address(text), 16)
    fcntl.ioctl(control, _SIOCADDRT, route)
