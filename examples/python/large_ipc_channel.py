"""A large text for another process, without copying it for the journey."""

from multiprocessing import Pipe, Process
from multiprocessing.shared_memory import SharedMemory

SIZE = 2_000_000


def count_lines(name, answer):
    memory = SharedMemory(name)
    answer.send(bytes(memory.buf[:SIZE]).count(b"\n"))
    memory.close()


if __name__ == "__main__":
    text = b"a line of twenty-five ..\n" * (SIZE // 25)

    memory = SharedMemory(create=True, size=SIZE)
    memory.buf[:SIZE] = text
    here, there = Pipe()
    process = Process(target=count_lines, args=(memory.name, there))
    process.start()
    print(f"{len(text)} bytes, {here.recv()} lines")
    process.join()
    memory.close()
    memory.unlink()  # without it, the memory outlives the program
