"""Ctrl-C ends everything, and leaves nothing half done.

Python raises `KeyboardInterrupt` wherever a process happens to be, workers too:
they have to be told to ignore the signal, or one of them may be hit between the
two steps of a transfer.
"""

import os
import signal
import sys
from itertools import cycle, takewhile
from multiprocessing import Array, Pool, active_children

accounts = None


def keep_accounts(shared):
    global accounts
    accounts = shared
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def transfer(amount):
    with accounts.get_lock():
        accounts[0] -= amount
        accounts[1] += amount
        accounts[2] += 1


def press_ctrl_c():
    for worker in active_children():
        os.kill(worker.pid, signal.SIGINT)
    os.kill(os.getpid(), signal.SIGINT)


if __name__ == "__main__":
    by_hand = sys.argv[1:] == ["by-hand"]
    stop = False

    def set_stop(number, frame):
        global stop
        stop = True

    signal.signal(signal.SIGINT, set_stop)
    shared = Array("q", [1000, 0, 0])
    pool = Pool(2, initializer=keep_accounts, initargs=(shared,))
    if by_hand:
        print("transferring until you press Ctrl-C", flush=True)

    amounts = takewhile(lambda _: not stop, cycle(range(1, 10)))
    done = 0
    for _ in pool.imap(transfer, amounts):
        done += 1
        if done == 100 and not by_hand:
            press_ctrl_c()
    pool.close()
    pool.join()

    print(f"stopped by a signal: {stop}")
    print(f"every transfer is reported: {shared[2] == done}")
    print(f"the accounts hold together: {shared[0] + shared[1]}")
