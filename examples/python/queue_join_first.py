"""Joining a process before taking what it puts: a deadlock, and the way out.

Python's queue has a trap more: even without a bound, a child does not end before
its feeder thread has written every item into a pipe, and a pipe is full at 64 KiB.
Under a deadline the twin shows it; with a plain `join()` it would hang for ever.
"""

from multiprocessing import Process, Queue

ITEMS = 1000


def produce(numbers):
    for number in range(1, ITEMS + 1):
        numbers.put(number)
    numbers.put(None)


if __name__ == "__main__":
    numbers = Queue(10)
    producer = Process(target=produce, args=(numbers,))
    producer.start()

    producer.join(timeout=0.5)
    if producer.is_alive():
        print("joined first: after 500 ms the child is still running")
    else:
        print("joined first: the child has ended")

    total = 0
    while (number := numbers.get()) is not None:
        total += number
    producer.join()
    print(f"taken first: the sum is {total}, and the child has ended")
