"""A worker stores a number where its parent can read it.

First the mistake that is easily made: a `Value` has no items. `result[0] = …`
raises an exception in the child, and the parent prints 0.0 and ends with exit
status 0 as if nothing had happened. Then with `.value`.
"""

import os
import sys
from multiprocessing import Process, Value


def leibniz():
    return sum((-1) ** step * 4 / (2 * step + 1) for step in range(100_000))


# ANCHOR: children
def store_item(result):
    sys.stderr = open(os.devnull, "w")  # the traceback would go there
    result[0] = leibniz()


def store_value(result):
    result.value = leibniz()
# ANCHOR_END: children


def run(function, argument):
    process = Process(target=function, args=(argument,))
    process.start()
    process.join()
    return process.exitcode


if __name__ == "__main__":
    # ANCHOR: main
    result = Value("d", 0.0)
    print(f"before: {result.value:.4f}")

    code = run(store_item, result)
    print(f"result[0] = … in the child: {result.value}, and its exit code {code}")

    run(store_value, result)
    print(f"after: {result.value:.4f}")
    # ANCHOR_END: main
