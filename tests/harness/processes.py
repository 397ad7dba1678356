"""Starting and stopping programs, so that none outlives the run that started it."""

import ctypes
import os
import shutil
import signal
import subprocess
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

from harness.waiting import until

ROOT = Path(__file__).resolve().parents[2]


def temporary_folder(prefix):
    """A new folder that every account can read; in memory where that has room for some hundred databases."""
    memory = Path("/dev/shm")
    roomy = memory.is_dir() and shutil.disk_usage(memory).free > 6 << 30
    path = Path(tempfile.mkdtemp(prefix=prefix, dir=memory if roomy else None))
    path.chmod(0o755)
    return path


def with_parent(argv, user=None):
    """`argv` such that it dies with its parent and, when we are root, runs as `user`."""
    wrapped = ["setpriv", "--pdeathsig", "KILL"]
    if user and os.geteuid() == 0:
        wrapped += [f"--reuid={user}", f"--regid={user}", "--init-groups"]
    return [*wrapped, "--", *map(str, argv)]


def run(argv, user=None, check=True, timeout=120, **options):
    """Runs a program to its end and returns the CompletedProcess, with its output as text."""
    done = subprocess.run(with_parent(argv, user), stdin=subprocess.DEVNULL, capture_output=True,
                          text=True, timeout=timeout, **options)
    if check and done.returncode != 0:
        raise AssertionError(f"{argv[0]} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}")
    return done


class Program:
    """A program in the background, its output in a file."""

    def __init__(self, argv, log, user=None, environment=None, cwd=None):
        self.argv = [str(word) for word in argv]
        self.log = Path(log)
        with open(self.log, "ab") as out:
            self.process = subprocess.Popen(
                with_parent(self.argv, user), stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                cwd=cwd, env=environment, start_new_session=True)

    @property
    def pid(self):
        return self.process.pid

    def running(self):
        return self.process.poll() is None

    def output(self):
        return self.log.read_text(errors="replace")

    def send_signal(self, number):
        if self.running():
            self.process.send_signal(number)

    def stop(self, number=signal.SIGTERM, timeout=30):
        """Signals, waits, and kills what does not go; returns the exit code."""
        self.send_signal(number)
        try:
            return self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait()


@contextmanager
def frozen(pid):
    """Stops all threads of a process for the time of a block: the first that hears of it tells the others."""
    def states():
        return {(task / "stat").read_text().rpartition(")")[2].split()[0]
                for task in Path(f"/proc/{pid}/task").iterdir()}

    os.kill(pid, signal.SIGSTOP)
    try:
        until(lambda: states() == {"T"}, lambda: f"process {pid} has stopped: {states()}")
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def adopt_orphans():
    """What a program leaves behind when it ends becomes ours to wait for, see reap()."""
    set_child_subreaper = 36
    ctypes.CDLL(None, use_errno=True).prctl(set_child_subreaper, 1, 0, 0, 0)


def reap(pid, timeout=30):
    """Waits for a process whose parent has ended or ends soon, and kills it when it does not go.

    Its exit code; None when somebody else has waited for it.
    """
    deadline = time.monotonic() + timeout
    while Path(f"/proc/{pid}").exists():
        try:
            ended, status = os.waitpid(pid, os.WNOHANG)
        except ChildProcessError:  # its parent is still there
            ended = 0
        if ended:
            return os.waitstatus_to_exitcode(status)
        if time.monotonic() > deadline:
            os.kill(pid, signal.SIGKILL)
        time.sleep(0.01)
    return None


def cpu_seconds(pid):
    """User and system seconds that all threads of a process have taken so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident_kib(pid):
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    raise ProcessLookupError(pid)
