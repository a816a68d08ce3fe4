"""A task that hangs: the caller stops waiting, the task runs on.

`get(timeout=…)` limits the wait, not the work. The worker is lost to the pool
until the pool itself is ended.
"""

from multiprocessing import Pool, TimeoutError


def divide(divisor):
    rest = 100
    quotient = 0
    while rest >= divisor:
        rest -= divisor
        quotient += 1
    return quotient


if __name__ == "__main__":
    with Pool(2) as pool:
        divisors = [7, 0, 10, 33]
        tasks = [pool.apply_async(divide, (divisor,)) for divisor in divisors]
        for divisor, task in zip(divisors, tasks):
            try:
                result = task.get(timeout=1 if divisor == 0 else 30)
                print(f"100 / {divisor} = {result}")
            except TimeoutError:
                print(f"100 / {divisor}: no result after 1 s; its worker hangs on")
