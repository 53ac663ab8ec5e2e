"""The shim as a child of the agent: its socket, its pipes, its limits."""

import os
import resource
import socket

from . import kernel

GROUP = "/sys/fs/cgroup/function"
_UID = 1000
_SOCKET = "/run/coldframe/s"
_FILES_MAX = 1024
_MIB = 1024 * 1024


class Shim:
    def __init__(self, boot):
        self._limit(boot)
        self._listener = _listen()
        out_read, out_write = os.pipe()
        err_read, err_write = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            _become(boot, out_write, err_write)
        os.close(out_write)
        os.close(err_write)
        self.stdout, self.stderr = out_read, err_read
        for fd in (out_read, err_read):
            os.set_blocking(fd, False)
        self.connection = None

    @property
    def listener(self):
        return self._listener.fileno()

    def accept(self):
        """The one connection; then the socket is closed and its name gone, all before any code of a function is there."""
        connection, _ = self._listener.accept()
        os.unlink(_SOCKET)
        self._listener.close()
        connection.setblocking(False)
        self.connection = connection.detach()

    def cpu_ticks(self):
        """User and system time so far."""
        with open("/proc/%d/stat" % self.pid) as file:
            fields = file.read().rpartition(")")[2].split()
        return int(fields[11]) + int(fields[12])

    def kill_all(self):
        kernel.write(GROUP + "/cgroup.kill", "1")

    def _limit(self, boot):
        os.mkdir(GROUP)
        kernel.write(GROUP + "/memory.max", str(boot["memoryMib"] * _MIB))
        kernel.write(GROUP + "/pids.max", str(boot["pidsMax"]))


def _listen():
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(_SOCKET)
    os.chown(_SOCKET, 0, _UID)
    os.chmod(_SOCKET, 0o660)
    listener.listen(1)
    return listener


def _become(boot, stdout, stderr):
    """In the child: never returns."""
    try:
        os.setsid()
        kernel.write(GROUP + "/cgroup.procs", "0")
        os.dup2(os.open("/dev/null", os.O_RDONLY), 0)
        os.dup2(stdout, 1)
        os.dup2(stderr, 2)
        os.closerange(3, _FILES_MAX)
        resource.setrlimit(resource.RLIMIT_NOFILE, (_FILES_MAX, _FILES_MAX))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        kernel.give_up_privileges(_UID)
        os.chdir("/var/task")
        os.execve(boot["command"][0], boot["command"], boot["env"])
    except BaseException as error:
        os.write(2, ("the shim could not be started: %s\n" % error).encode())
    finally:
        os._exit(125)
