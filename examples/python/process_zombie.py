"""A child that has ended and was never waited for is a zombie."""

import os
import subprocess
import time
from multiprocessing import Process, active_children


def state(pid):
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rsplit(") ")[-1][0]
    except FileNotFoundError:
        return "no such process"


def wait_for_the_end(pid):
    """Sleeps until the child has ended, but leaves its remains to `wait`."""
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)


if __name__ == "__main__":
    child = subprocess.Popen(["true"])
    wait_for_the_end(child.pid)
    print(f"ended and not waited for: {state(child.pid)}")
    child.wait()
    print(f"after wait: {state(child.pid)}")

    process = Process(target=time.time)
    process.start()
    pid = process.pid
    wait_for_the_end(pid)
    del process
    print(f"after the name of a Process is gone: {state(pid)}")
    active_children()  # waits for all that have ended
    print(f"after active_children: {state(pid)}")
