"""Analyses web server logs of any size in several processes.

The same lines, ranges and report as the Rust program: see its header. A worker
that is killed makes this program wait for ever, as Python's pool does.
"""

import os
import re
import sys
from collections import Counter
from multiprocessing import Pool

RANGE = 4 << 20
LONGEST_LINE = 8 << 10
LONGEST_TIME = 3_600_000
SAMPLE = os.path.join(os.path.dirname(__file__), "..", "data", "access.log")

LINE = re.compile(
    rb"[^ ]+ [^ ]+ [^ ]+ "
    rb"\[[0-9]{2}/[A-Za-z]{3}/[0-9]{4}:([01][0-9]|2[0-3]):[0-9]{2}:[0-9]{2} "
    rb"[+-][0-9]{4}\] "
    rb'"[^ ]+ ([^ ?]*)(?:\?[^ ]*)? HTTP/[^ ]*" ([0-9]{3}) (?:[0-9]+|-) ([0-9]+)'
)


class Report:
    def __init__(self):
        self.lines = 0
        self.malformed = 0
        self.by_status = Counter()
        self.by_hour = Counter()
        self.by_time = Counter()
        self.by_path = Counter()

    def count(self, line):
        self.lines += 1
        match = LINE.fullmatch(line)
        if match is None:
            self.malformed += 1
            return
        hour, path, status, time = match.groups()
        self.by_status[status] += 1
        self.by_hour[hour] += 1
        self.by_time[min(int(time), LONGEST_TIME)] += 1
        self.by_path[path] += 1

    def add(self, part):
        self.lines += part.lines
        self.malformed += part.malformed
        self.by_status.update(part.by_status)
        self.by_hour.update(part.by_hour)
        self.by_time.update(part.by_time)
        self.by_path.update(part.by_path)

    def print(self):
        print(f"lines: {self.lines}, malformed: {self.malformed}")
        for status, count in sorted(self.by_status.items()):
            print(f"status {status.decode()}: {count}")
        for hour, count in sorted(self.by_hour.items()):
            print(f"hour {hour.decode()}: {count}")
        paths = sorted(self.by_path.items(), key=lambda item: (-item[1], item[0]))
        for path, count in paths[:10]:
            print(f"path {path.decode('ascii', 'backslashreplace')}: {count}")
        slower = (self.lines - self.malformed) // 100
        for time, count in sorted(self.by_time.items(), reverse=True):
            if count > slower:
                print(f"99th percentile: {time} ms")
                break
            slower -= count


def analyse(range_of_file):
    """Counts the lines that begin in a range; runs in a worker."""
    path, start, end = range_of_file
    report = Report()
    with open(path, "rb") as file:
        # Begins a byte early: the rest of a line there is not ours.
        position = max(start - 1, 0)
        file.seek(position)
        skip = start > 0
        while position < end:
            line = file.readline(end - position if skip else LONGEST_LINE)
            if not line:
                break
            position += len(line)
            if skip:
                skip = not line.endswith(b"\n")
                continue
            skip = len(line) == LONGEST_LINE and not line.endswith(b"\n")
            report.count(b"" if skip else line.rstrip(b" \t\r\n\f"))
    return report


def ranges(path):
    length = os.path.getsize(path)
    for start in range(0, length, RANGE):
        yield path, start, min(start + RANGE, length)


if __name__ == "__main__":
    words = sys.argv[1:]
    workers = None
    if words[:1] == ["--workers"]:
        workers = int(words[1])
        words = words[2:]

    total = Report()
    with Pool(workers) as pool:
        for path in words or [SAMPLE]:
            for part in pool.imap(analyse, ranges(path)):
                total.add(part)
    total.print()
