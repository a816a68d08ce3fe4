"""Shows every way a child can end, and what its parent learns: an exit code.

Neither the value nor the exception arrives; a negative code is a signal.
"""

import os
import sys
import time
from multiprocessing import Process


def returns():
    return 7


def raises():
    sys.stderr = open(os.devnull, "w")  # the traceback would go there
    empty = []
    return empty[0]


def exits():
    sys.exit(42)


def aborts():
    os.abort()


def hangs():
    while True:
        time.sleep(1000)


def report(what, process):
    process.join()
    code = process.exitcode
    if code < 0:
        print(f"{what}: signal {-code}")
    else:
        print(f"{what}: exit code {code}")


def start(function):
    process = Process(target=function)
    process.start()
    return process


if __name__ == "__main__":
    report("returns", start(returns))
    report("panics", start(raises))
    report("exits", start(exits))
    report("aborts", start(aborts))

    hanging = start(hangs)
    hanging.join(timeout=0.1)
    if hanging.is_alive():
        print("hangs: still running")
    hanging.terminate()
    report("terminated", hanging)

    hanging = start(hangs)
    hanging.kill()
    report("killed", hanging)
