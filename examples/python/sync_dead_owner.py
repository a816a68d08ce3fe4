"""A process dies while it holds a lock: in Python, everybody waits for ever.

Only a deadline of our own ends the wait. It does not say who held the lock, nor
that the holder is dead, nor can the lock ever be had again.
"""

import os
import signal
from multiprocessing import Array, Process


def transfer_and_die(accounts):
    with accounts.get_lock():
        accounts[0] -= 30
        os.kill(os.getpid(), signal.SIGKILL)
        accounts[1] += 30


if __name__ == "__main__":
    accounts = Array("q", [100, 100])

    process = Process(target=transfer_and_die, args=(accounts,))
    process.start()
    process.join()
    print(f"the transfer was killed: {process.exitcode == -signal.SIGKILL}")

    if not accounts.get_lock().acquire(timeout=1):
        print("the lock is not free after 1 s, and never will be")
    print(f"what it left: {list(accounts.get_obj())}")
