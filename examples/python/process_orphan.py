"""The parent is killed: its child runs on, as an orphan."""

import os
import signal
import time
from multiprocessing import Pipe, Process


def sleep():
    time.sleep(1000)


def start_one(caller):
    child = Process(target=sleep)
    child.start()
    caller.send(child.pid)
    child.join()


if __name__ == "__main__":
    here, there = Pipe()
    parent = Process(target=start_one, args=(there,))
    parent.start()
    child = os.pidfd_open(here.recv())

    parent.kill()
    parent.join()
    name = signal.Signals(-parent.exitcode).name
    end = f"was killed by signal {-parent.exitcode} ({name})"
    print(f"the parent: process {parent.pid} {end}")
    # It was there before its parent died, and nobody has ended it since.
    signal.pidfd_send_signal(child, 0)
    print("its Process is still there")
    signal.pidfd_send_signal(child, signal.SIGKILL)  # nobody else will
