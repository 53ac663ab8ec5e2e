"""System calls and kernel files the standard library has no words for."""

import ctypes
import fcntl
import os
import struct

_libc = ctypes.CDLL(None, use_errno=True)

MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_REMOUNT, MS_BIND = 1, 2, 4, 8, 32, 4096
_RNDADDENTROPY = 0x40085203
_RNDRESEEDCRNG = 0x5207
_BLKFLSBUF = 0x1261
_RB_POWER_OFF = 0x4321FEDC
_PR_SET_NO_NEW_PRIVS = 38
_PR_CAPBSET_DROP = 24
_CAP_LAST = 63


def mount(source, target, kind, flags=0, options=""):
    """Raises OSError."""
    result = _libc.mount(source.encode(), target.encode(), kind.encode(), ctypes.c_ulong(flags), options.encode())
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), target)


def add_entropy(seed):
    """Credits the host's bytes and has the kernel's generator begin anew at once: clones draw different bytes from here on."""
    fd = os.open("/dev/urandom", os.O_WRONLY)
    try:
        fcntl.ioctl(fd, _RNDADDENTROPY, struct.pack("ii", len(seed) * 8, len(seed)) + seed)
        fcntl.ioctl(fd, _RNDRESEEDCRNG)
    finally:
        os.close(fd)


def forget_blocks(device):
    """Drops what the kernel has read of a drive whose content has changed since."""
    fd = os.open(device, os.O_RDONLY)
    try:
        fcntl.ioctl(fd, _BLKFLSBUF)
    finally:
        os.close(fd)


def give_up_privileges(uid):
    """Between fork and exec: an unprivileged user without capabilities, for good."""
    for capability in range(_CAP_LAST + 1):
        _libc.prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0)
    os.setgroups([])
    os.setgid(uid)
    os.setuid(uid)
    _libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)


def power_off():
    _libc.reboot(ctypes.c_int(_RB_POWER_OFF))


def write(path, text):
    with open(path, "w") as file:
        file.write(text)


def oom_kills(group):
    with open(group + "/memory.events") as file:
        for line in file:
            name, _, value = line.partition(" ")
            if name == "oom_kill":
                return int(value)
    return 0
