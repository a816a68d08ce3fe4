"""Lost updates, made certain, and two ways without them.

`counter.value += 1` is two steps even though it is one line. Python has no atomic
addition between processes.
"""

from multiprocessing import Barrier, Process, Queue, Value

ROUNDS = 100


def add_in_two_steps(counter, meeting):
    for _ in range(ROUNDS):
        seen = counter.value
        meeting.wait()
        counter.value = seen + 1
        meeting.wait()


def add_under_lock(counter):
    for _ in range(ROUNDS):
        with counter.get_lock():
            counter.value += 1


def send(orders):
    for _ in range(ROUNDS):
        orders.put(1)


def twice(function, *arguments):
    processes = [Process(target=function, args=arguments) for _ in range(2)]
    for process in processes:
        process.start()
    return processes


def join(processes):
    for process in processes:
        process.join()


if __name__ == "__main__":
    print(f"two processes add 1, each {ROUNDS} times")

    counter = Value("Q", 0)
    join(twice(add_in_two_steps, counter, Barrier(2)))
    print(f"in two steps: {counter.value}")

    counter = Value("Q", 0)
    join(twice(add_under_lock, counter))
    print(f"under the lock: {counter.value}")

    orders = Queue()
    processes = twice(send, orders)
    total = sum(orders.get() for _ in range(2 * ROUNDS))
    join(processes)
    print(f"by messages: {total}")
