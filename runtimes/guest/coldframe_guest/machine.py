"""The agent itself: one loop over the host's ports, the shim's socket and pipes, and the kernel's news."""

import base64
import os
import select
import signal
import time

from . import kernel, network
from .control import Control, Lost
from .heap import LOOK_MS, HeapWatch
from .ports import open_port
from .pump import Pump
from .shim import GROUP, Shim

_CODE_DRIVE = "/dev/vdb"
_TASK = "/var/task"
_FILES_PER_MIB = 128
_SHM = "size=16m,mode=1777"
# Of 2001. Until it begins a guest lives in the past, whatever clock its monitor gave it: the leap of years makes generators that
# reseed by the clock draw new seed in every clone.
_BEFORE_SECONDS = 978307200
# A shim that has said hello goes on to warm up; it is idle when its clock stands still between two looks.
_SETTLE_LOOK_SECONDS = 0.15
_SETTLE_LOOKS_MAX = 60
# Of the last output of a function whose host does not read.
_LAST_OUTPUT_SECONDS = 0.5


class Machine:
    def __init__(self):
        self._control = None
        self._ports = {}
        self._shim = None
        self._has_begun = False
        self._pumps = []
        self._to_host = None
        self._hello = b""
        self._is_ready = False
        self._status = None
        self._oom_kills = 0
        self._oom_events = None
        self._heap = None

    def run(self):
        try:
            time.clock_settime(time.CLOCK_REALTIME, _BEFORE_SECONDS)
            _mount_all()
            network.start_loopback()
            self._watch_children()
            self._connect()
            self._boot(self._control.wait())
            while self._status is None:
                # Until it begins, a guest stands still for its snapshot.
                self._turn(LOOK_MS if self._has_begun else None)
                if self._heap.look():
                    self._tell_oom()
            self._finish()
        except Lost:
            pass
        except BaseException as error:
            self._tell_failure(error)
        kernel.power_off()

    def _watch_children(self):
        read, write = os.pipe()
        for fd in (read, write):
            os.set_blocking(fd, False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(write, warn_on_full_buffer=False)
        self._children = read

    def _connect(self):
        for fd in self._ports.values():
            os.close(fd)
        self._ports = {name: open_port(name) for name in ("control", "channel", "stdout", "stderr")}
        self._control = Control(self._ports["control"])

    def _boot(self, boot):
        size = "size=%dm,nr_inodes=%d,mode=1777" % (boot["diskMib"], boot["diskMib"] * _FILES_PER_MIB)
        kernel.mount("tmpfs", "/tmp", "tmpfs", kernel.MS_NOSUID | kernel.MS_NODEV, size)
        self._must_settle = boot["settle"]
        if boot["code"]:
            # The function's variables may name files of its package, so it is there before the shim's first program.
            _mount_code()
        self._shim = Shim(boot)
        self._control.send(event="started")
        if boot["code"]:
            # What such a program prints must not fill its pipes before it connects.
            self._pumps = self._output_pumps()
        self._oom_events = os.open(GROUP + "/memory.events", os.O_RDONLY)
        self._heap = HeapWatch(GROUP, boot["heapMib"])

    def _turn(self, timeout_ms):
        """Waits for the next event and does what it asks for. False when nothing happened in time."""
        poll = select.poll()
        for fd, events in self._interests():
            poll.register(fd, events)
        found = poll.poll(timeout_ms)
        for fd, events in found:
            self._handle(fd, events)
        return bool(found)

    def _interests(self):
        yield self._control.fd, select.POLLIN
        yield self._children, select.POLLIN
        yield self._oom_events, select.POLLPRI
        if self._shim.connection is None:
            yield self._shim.listener, select.POLLIN
        elif not self._is_ready:
            yield self._shim.connection, select.POLLIN
        wanted = {}
        for pump in self._pumps:
            if pump.wants_read:
                wanted[pump.source] = wanted.get(pump.source, 0) | select.POLLIN
            if pump.wants_write:
                wanted[pump.target] = wanted.get(pump.target, 0) | select.POLLOUT
        yield from wanted.items()

    def _handle(self, fd, events):
        if fd == self._control.fd:
            self._hear()
        elif fd == self._children:
            self._reap()
        elif fd == self._oom_events:
            self._look_at_oom()
        elif self._shim.connection is None and fd == self._shim.listener:
            self._shim.accept()
        elif not self._is_ready and fd == self._shim.connection:
            self._take_hello()
        else:
            for pump in self._pumps:
                if fd == pump.source and pump.wants_read and events & ~select.POLLOUT:
                    self._read(pump)
                elif fd == pump.target and pump.wants_write and events & ~select.POLLIN:
                    pump.write()

    def _read(self, pump):
        # What was printed before a frame was written leaves before it.
        if pump is self._to_host:
            for output in self._pumps[2:]:
                if output.wants_read:
                    output.read()
        pump.read()

    def _take_hello(self):
        self._hello = os.read(self._shim.connection, 65536)
        if not self._hello:
            return
        self._is_ready = True
        if self._must_settle:
            self._settle()
        self._control.send(event="ready")

    def _settle(self):
        before = -1
        for _ in range(_SETTLE_LOOKS_MAX):
            now = self._shim.cpu_ticks()
            if now == before:
                return
            before = now
            time.sleep(_SETTLE_LOOK_SECONDS)

    def _hear(self):
        try:
            messages = self._control.read()
        except Lost:
            if self._has_begun:
                raise
            # Restored elsewhere: the host's ends are new.
            self._connect()
            return
        for message in messages:
            self._obey(message)

    def _obey(self, message):
        time.clock_settime(time.CLOCK_REALTIME, message["wallTimeMs"] / 1000)
        kernel.add_entropy(base64.b64decode(message["entropy"]))
        if message["op"] == "begin":
            if message["network"] is not None:
                network.join(message["network"])
            self._begin()
            self._control.send(event="begun")
        elif message["op"] == "code":
            kernel.forget_blocks(_CODE_DRIVE)
            _mount_code()
            self._control.send(event="coded")

    def _begin(self):
        self._has_begun = True
        shim, ports = self._shim, self._ports
        self._to_host = Pump(shim.connection, ports["channel"], self._hello)
        outputs = self._pumps or self._output_pumps()
        self._pumps = [self._to_host, Pump(ports["channel"], shim.connection), *outputs]

    def _output_pumps(self):
        shim, ports = self._shim, self._ports
        return [Pump(shim.stdout, ports["stdout"]), Pump(shim.stderr, ports["stderr"])]

    def _reap(self):
        try:
            os.read(self._children, 4096)
        except BlockingIOError:
            pass
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            if pid == self._shim.pid:
                self._status = status

    def _look_at_oom(self):
        os.pread(self._oom_events, 4096, 0)
        self._tell_oom()

    def _tell_oom(self):
        kills = self._count_kills()
        if kills > self._oom_kills:
            self._oom_kills = kills
            self._control.send(event="oom", kills=kills)

    def _count_kills(self):
        return kernel.oom_kills(GROUP) + self._heap.kills

    def _finish(self):
        """The shim is gone: so is everything it started; what it wrote is handed over, then its end is told."""
        self._shim.kill_all()
        self._oom_kills = self._count_kills()
        end = time.monotonic() + _LAST_OUTPUT_SECONDS
        last = [pump for pump in self._pumps if pump.source != self._ports["channel"]]
        while not all(pump.is_done for pump in last) and time.monotonic() < end:
            self._turn(50)
        exit_code = os.WEXITSTATUS(self._status) if os.WIFEXITED(self._status) else None
        name = signal.Signals(os.WTERMSIG(self._status)).name if os.WIFSIGNALED(self._status) else None
        self._control.send(event="exit", exitCode=exit_code, signal=name, oomKills=self._oom_kills)
        while True:
            self._turn(None)

    def _tell_failure(self, error):
        try:
            self._control.send(event="failed", detail="%s: %s" % (type(error).__name__, error))
        except BaseException:
            pass


def _mount_all():
    nothing = kernel.MS_NOSUID | kernel.MS_NODEV | kernel.MS_NOEXEC
    kernel.mount("sysfs", "/sys", "sysfs", nothing)
    kernel.mount("proc", "/proc", "proc", nothing | kernel.MS_REMOUNT, "hidepid=2")
    kernel.mount("cgroup2", "/sys/fs/cgroup", "cgroup2", nothing)
    kernel.write("/sys/fs/cgroup/cgroup.subtree_control", "+memory +pids")
    kernel.mount("tmpfs", "/run", "tmpfs", nothing, "size=1m,mode=755")
    kernel.write("/proc/sys/kernel/hostname", "sandbox")
    os.mkdir("/run/coldframe", 0o711)
    os.mkdir("/dev/shm")
    kernel.mount("tmpfs", "/dev/shm", "tmpfs", kernel.MS_NOSUID | kernel.MS_NODEV, _SHM)


def _mount_code():
    kernel.mount(_CODE_DRIVE, _TASK, "squashfs", kernel.MS_RDONLY | kernel.MS_NOSUID | kernel.MS_NODEV)
