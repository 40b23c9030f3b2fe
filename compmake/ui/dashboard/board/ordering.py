"""`Ordering`: numbers of jobs in the order of their keys, changed in little time however many there are."""

from bisect import bisect_left
from collections.abc import Collection, Iterator, Sequence

from compmake.ui.dashboard.board.sorting import Entry


class Ordering:
    """Rows are counted from the top, from the other end if it `is_reversed`."""

    def __init__(self) -> None:
        self.is_reversed = False
        self._entries: list[Entry] = []
        self._by_number: dict[int, Entry] = {}

    def __len__(self) -> int:
        return len(self._entries)

    def __getitem__(self, row: int) -> int:
        """Return the number of the job in a row."""
        return self._entries[self._at(row)][-1]

    def __contains__(self, number: int) -> bool:
        return number in self._by_number

    def row(self, number: int) -> int:
        """Return the row of a job that is there."""
        return self._at(bisect_left(self._entries, self._by_number[number]))

    def numbers(self, first: int, last: int) -> Iterator[int]:
        """Yield the numbers of the jobs from one row to another."""
        for row in range(first, last + 1):
            yield self[row]

    def set(self, entries: list[Entry], by_number: dict[int, Entry]) -> None:
        """Take over sorted entries, and each by the number of its job."""
        self._entries, self._by_number = entries, by_number

    def change(self, numbers: Collection[int], fresh: Collection[Entry]) -> None:
        """Take jobs out, and put entries of them in anew."""
        old = sorted(self._by_number.pop(number) for number in numbers if number in self._by_number)
        kept: list[Entry] = []
        start = 0
        for entry in old:
            at = bisect_left(self._entries, entry, start)
            kept += self._entries[start:at]
            start = at + 1
        kept += self._entries[start:]
        self._entries = _merged(kept, sorted(fresh))
        self._by_number.update((entry[-1], entry) for entry in fresh)

    def _at(self, row: int) -> int:
        return len(self._entries) - 1 - row if self.is_reversed else row


def _merged(entries: list[Entry], fresh: Sequence[Entry]) -> list[Entry]:
    """Return both in order; slices are copied, so it costs little if there is little that is fresh."""
    merged: list[Entry] = []
    start = 0
    for entry in fresh:
        at = bisect_left(entries, entry, start)
        merged += entries[start:at]
        merged.append(entry)
        start = at
    return merged + entries[start:]
