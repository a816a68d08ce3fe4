"""A bounded queue makes a fast producer wait for a slow consumer."""

from multiprocessing import Process, Queue, SimpleQueue
from queue import Full

CAPACITY = 4


def consume(jobs, answer):
    taken = 0
    longest = 0
    while (job := jobs.get()) is not None:
        longest = max(longest, jobs.qsize())
        taken += 1
        slow_work(job)
    answer.put((taken, longest))


def slow_work(job):
    for step in range(5_000):
        job + step


if __name__ == "__main__":
    jobs = Queue(CAPACITY)
    put = 0
    try:
        while True:
            jobs.put_nowait(put)
            put += 1
    except Full:
        print(f"nobody takes: {put} jobs fit, the next does not")

    try:
        jobs.put(put, timeout=0.05)
        print("put within 50 ms: true")
    except Full:
        print("put within 50 ms: false")

    answer = SimpleQueue()
    consumer = Process(target=consume, args=(jobs, answer))
    consumer.start()
    for job in range(put, 100):
        jobs.put(job)
    jobs.put(None)

    taken, longest = answer.get()
    consumer.join()
    print(f"the consumer took {taken} jobs")
    print(f"never more than {CAPACITY} waited: {str(longest <= CAPACITY).lower()}")
