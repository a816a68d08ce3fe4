"""One producer and one consumer, joined by a one-way pipe."""

from multiprocessing import Pipe, Process


def produce(numbers):
    for number in range(1, 101):
        numbers.send(number)


if __name__ == "__main__":
    reader, writer = Pipe(duplex=False)
    producer = Process(target=produce, args=(writer,))
    producer.start()
    writer.close()  # our own copy: with it, the pipe would never end

    squares = []
    try:
        while True:
            number = reader.recv()
            squares.append(number * number)
    except EOFError:
        producer.join()

    print(f"{len(squares)} squares, their sum is {sum(squares)}")
