"""A supervisor: starts a job again when it crashes, waits longer each time, and
gives up where trying again cannot help."""

import os
import time
from multiprocessing import Process, SimpleQueue

ATTEMPTS = 4
FIRST_PAUSE = 0.01


def needs_a_third_attempt(attempt, answers):
    if attempt < 3:
        os.abort()
    answers.put((True, "connected"))


def never_works(attempt, answers):
    os._exit(70)


def has_bad_input(attempt, answers):
    answers.put((False, "line 7 is no number"))


def cause(process):
    code = process.exitcode
    if code < 0:
        return f"process {process.pid} was killed by signal {-code}"
    return f"process {process.pid} exited with code {code}"


# ANCHOR: supervise
def supervise(name, job):
    pause = FIRST_PAUSE
    for attempt in range(1, ATTEMPTS + 1):
        answers = SimpleQueue()
        process = Process(target=job, args=(attempt, answers))
        process.start()
        process.join()
        if process.exitcode == 0:
            worked, answer = answers.get()
            print(f"{name}: {answer if worked else 'not tried again, ' + answer}")
            return
        print(f"{name}: {cause(process)}")
        if attempt < ATTEMPTS:
            print(f"{name}: next attempt in {pause * 1000:.0f}ms")
            time.sleep(pause)
            pause *= 2
        else:
            print(f"{name}: given up after {ATTEMPTS} attempts")
# ANCHOR_END: supervise


if __name__ == "__main__":
    supervise("a late start", needs_a_third_attempt)
    supervise("a broken program", never_works)
    supervise("a bad input", has_bad_input)
