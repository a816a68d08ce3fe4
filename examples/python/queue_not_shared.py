"""A queue of the module `queue`: threads share it, processes do not."""

from multiprocessing import Process
from queue import Queue
from threading import Thread

jobs = Queue()


def produce():
    for job in (1, 2, 3):
        jobs.put(job)


if __name__ == "__main__":
    for kind in (Process, Thread):
        worker = kind(target=produce)
        worker.start()
        worker.join()
        name = kind.__name__.lower()
        print(f"after a {name} has put three jobs: {jobs.qsize()}")
