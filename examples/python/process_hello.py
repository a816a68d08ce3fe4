"""Starts one process, lets it introduce itself, and takes its answer.

A Python process has no result: what `greet` returns is thrown away, so the
answer needs a way of its own back to the parent.
"""

# ANCHOR: hello
import os
from multiprocessing import Process, SimpleQueue, current_process, parent_process


def greet(guest, answers):
    me = current_process()
    print(f"child: I am {me.name}, pid {me.pid}")
    print(f"child: my parent is pid {parent_process().pid}")
    answers.put(f"hello, {guest}")


if __name__ == "__main__":
    print(f"parent: I am pid {os.getpid()}")

    answers = SimpleQueue()
    process = Process(target=greet, args=("world", answers), name="greeter")
    process.start()

    answer = answers.get()
    process.join()
    print(f"parent: pid {process.pid} answered: {answer}")
# ANCHOR_END: hello
