"""A consumer dies with a job in hand: Python's queue waits for it for ever.

`JoinableQueue.join` has no deadline; the twin waits in a thread and gives up.
"""

import os
from multiprocessing import JoinableQueue, Process
from threading import Thread


def consume(jobs):
    for done in range(3):
        job = jobs.get()
        if done == 2:
            os.abort()
        print(f"consumer: job {job} is done", flush=True)
        jobs.task_done()


if __name__ == "__main__":
    jobs = JoinableQueue(8)
    consumer = Process(target=consume, args=(jobs,))
    consumer.start()
    for job in (10, 20, 30, 40):
        jobs.put(job)
    consumer.join()
    print(f"parent: the consumer ended with exit code {consumer.exitcode}")

    print(f"parent: job {jobs.get()} was still in the queue")
    jobs.task_done()
    waiting = Thread(target=jobs.join, daemon=True)
    waiting.start()
    waiting.join(timeout=1)
    print(f"parent: after 1 s, join still waits: {waiting.is_alive()}")
