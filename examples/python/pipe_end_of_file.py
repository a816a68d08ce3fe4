"""A pipe ends when its last writer is gone, however it went.

In Python the parent keeps a copy of the writer that it handed to the child. As
long as it does not close it, the end never comes: `poll` shows it under a
deadline, `recv` would wait for ever.
"""

import os
from multiprocessing import Pipe, Process


def count(writer):
    for number in range(1, 4):
        writer.send(number)


def crash(writer):
    writer.send(1)
    os.abort()


def read_all(reader):
    try:
        while True:
            print(f"received {reader.recv()}")
    except EOFError:
        pass


def start(function):
    reader, writer = Pipe(duplex=False)
    process = Process(target=function, args=(writer,))
    process.start()
    writer.close()  # forget this line, and `read_all` never returns
    return reader, process


if __name__ == "__main__":
    reader, process = start(count)
    read_all(reader)
    process.join()
    print(f"end of file, and the child: {process.exitcode == 0}")

    reader, process = start(crash)
    read_all(reader)
    process.join()
    print(f"end of file, and the child: killed by signal {-process.exitcode}")

    reader, writer = Pipe(duplex=False)
    ended = reader.poll(0.05)
    print(f"with a writer left in our own hands, the end comes: {ended}")
    writer.close()
    ended = reader.poll(0.05)
    print(f"with that writer dropped, the end comes: {ended}")
