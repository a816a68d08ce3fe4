"""Five processes, two permits: never more than two work at the same time."""

from multiprocessing import BoundedSemaphore, Process, Value


def work(permits, inside, most):
    for _ in range(20):
        with permits:
            with inside.get_lock():
                inside.value += 1
                now = inside.value
            with most.get_lock():
                most.value = max(most.value, now)
            sum(range(1000))
            with inside.get_lock():
                inside.value -= 1


if __name__ == "__main__":
    permits = BoundedSemaphore(2)
    inside = Value("I", 0)
    most = Value("I", 0)
    processes = [
        Process(target=work, args=(permits, inside, most)) for _ in range(5)
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    print(f"at most two at a time: {most.value <= 2}")
    print(f"inside at the end: {inside.value}")
