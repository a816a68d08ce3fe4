"""A letter box for one letter: each side waits until it is its turn."""

from multiprocessing import Condition, Process, Value


def post(letter_box, changed):
    for letter in range(1, 6):
        with changed:
            changed.wait_for(lambda: letter_box.value == 0)
            letter_box.value = letter
            changed.notify()


def take(letter_box, changed):
    for _ in range(5):
        with changed:
            changed.wait_for(lambda: letter_box.value != 0)
            print(f"letter {letter_box.value}")
            letter_box.value = 0
            changed.notify()


if __name__ == "__main__":
    changed = Condition()
    letter_box = Value("Q", 0, lock=False)  # the condition has a lock
    processes = [
        Process(target=function, args=(letter_box, changed))
        for function in (post, take)
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
