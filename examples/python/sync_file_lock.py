"""Two processes count in one file, under a lock of the file."""

import fcntl
import os
import tempfile
from multiprocessing import Process


def add(path):
    for _ in range(50):
        with open(path, "r+") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            number = int(file.read())
            file.seek(0)
            file.write(str(number + 1))
            file.flush()


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "number")
        with open(path, "w") as file:
            file.write("0")
        processes = [Process(target=add, args=(path,)) for _ in range(2)]
        for process in processes:
            process.start()
        for process in processes:
            process.join()
        with open(path) as file:
            print(f"two processes counted to {file.read()}")
