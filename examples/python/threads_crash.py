"""A crash in one thread ends all of them; a crash in one process ends only that."""

import os
from multiprocessing import Pipe, Process
from multiprocessing.pool import ThreadPool
from signal import Signals


def good_job():
    return 42


def bad_job():
    os.abort()


def with_threads():
    with ThreadPool(2) as pool:
        jobs = [pool.apply_async(job) for job in (good_job, bad_job)]
        return sum(job.get() for job in jobs)


def run(job):
    """What `job` returns in a process of its own, or the end of that process."""
    reader, writer = Pipe(duplex=False)
    process = Process(target=lambda: writer.send(job()))
    process.start()
    writer.close()  # our own copy: with it, `recv` would wait for ever
    try:
        return reader.recv(), None
    except EOFError:
        process.join()
        signal = Signals(-process.exitcode)
        end = f"was killed by signal {signal.value} ({signal.name})"
        return None, f"process {process.pid} {end}"


if __name__ == "__main__":
    total, problem = run(with_threads)
    print(f"threads: no sum, {problem}" if problem else f"threads: the sum is {total}")

    for name, job in (("good", good_job), ("bad", bad_job)):
        result, problem = run(job)
        end = f": {problem}" if problem else f" gives {result}"
        print(f"processes: the {name} job{end}")
