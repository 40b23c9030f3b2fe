"""The walk over a value: with a stack of its own, through cycles, never raising because of what it meets."""

from typing import Any

from blake3 import blake3

from compmake.codec import kind_in_words
from compmake.errors import DefinitionError
from compmake.fingerprint.value_decompose import decompose
from compmake.fingerprint.value_nodes import ATOMS, Node, Order, UnstableError, compact, text_leaf
from compmake.fingerprint.value_text import short_text
from compmake.job import Dependency, File, Promise

PROMISE_MARK = b"P"
_UNSTABLE_MARK = b"?"
_MAX_DEPTH = 20_000
_MAX_ENTANGLED = 5_000
_MAX_REPEATED = 100_000
_MEMO_FROM_CHILDREN = 16
_KEY_CHARS = 60
_PLACE_CHARS = 200
_NO_DEPTH = 1 << 60
_WITH_KEYS = (Order.PAIRS, Order.ITEMS)


class _Frame:
    """One compound value whose children are being encoded."""

    __slots__ = ("children", "has_compound", "index", "lowest", "marks", "node", "out", "value")

    def __init__(self, value: Any, node: Node, marks: int) -> None:
        self.value = value
        self.node = node
        self.children = node.children
        self.index = 0
        self.out: list[bytes] = []
        self.lowest = _NO_DEPTH
        """The outermost frame that something in here refers back to."""
        self.marks = marks
        self.has_compound = False


class EntangledError(Exception):
    """Objects refer to each other in too many ways to follow them all."""


class Walk:
    """What one value is: its encoding, and everything met on the way."""

    def __init__(self, value: Any, place: str, *, numbered: bool = False, wanted: Any = None) -> None:
        """Walk over `value`.

        Args:
            value: Anything.
            place: What to call it.
            numbered: Encode an object that is met again by its number in order of appearance. Takes one step for each
                object where walking by value would follow every way through objects that refer to each other, but
                tells shared objects from equal ones and knows no order for sets and keys that are objects.
            wanted: An object of which `found_at` shall tell the place: telling it of every object would be slow.
        """
        self.unstable: str | None = None
        self.promises: list[Dependency] = []
        self.files: list[str] = []
        self.code: dict[int, Any] = {}
        """Functions and classes by identity."""
        self.objects: list[Any] = []
        """Objects that describe themselves by `__reduce__`, the outer before the inner."""
        self.found_at = place
        """Where `wanted` is."""
        self.carries_code = False
        """Whether there is a function or class in it that its owner could call."""
        self._place = place
        self._wanted = wanted
        self._frames: list[_Frame] = []
        self._depth_of: dict[int, int] = {}
        self._memo: dict[int, tuple[Any, bytes]] = {}
        self._entangled = 0
        self._repeated = 0
        self._numbers: dict[int, tuple[int, Any]] | None = {} if numbered else None
        self._entered = 0
        self.encoding = self._encode(value)

    def _encode(self, value: Any) -> bytes:
        # A stack, not recursion: what users nest must not meet the interpreter's limit.
        frames = self._frames
        encoded = self._enter(value)
        if encoded is not None:
            return encoded
        while True:
            frame = frames[-1]
            try:
                encoded = self._continue(frame)
            except (DefinitionError, EntangledError):
                raise
            except Exception:  # a metaclass made its class unhashable, so that no table can be asked
                frame.index += 1
                encoded = self._enter(frame.children[frame.index - 1])
                if encoded is not None:
                    frame.out.append(encoded)
                continue
            if encoded is None:
                continue
            frames.pop()
            if not frames:
                return encoded
            frames[-1].out.append(encoded)

    def _continue(self, frame: _Frame) -> bytes | None:
        """Encode children until one must be entered (None) or all are done (the encoding)."""
        children, out, atoms = frame.children, frame.out, ATOMS
        for index in range(frame.index, len(children)):
            child = children[index]
            frame.index = index
            encoder = atoms.get(type(child))
            if encoder is not None:
                out.append(encoder(child))
                continue
            frame.index = index + 1
            frame.has_compound = True
            encoded = self._enter(child)
            if encoded is None:
                return None
            out.append(encoded)
        return self._leave(frame)

    def _enter(self, value: Any) -> bytes | None:
        """Return the encoding if it is known at once, else push a frame and return None."""
        if type(value) is Node:
            self._frames.append(_Frame(None, value, self._marks))
            return None
        try:
            if type(value) is Promise:
                return self._promise(value)
            if type(value) is File:
                self.files.append(value.path)
                return text_leaf(b"@", value.path)
            if self._numbers is not None and id(value) in self._numbers:
                return b"&%d:" % self._numbers[id(value)][0]
            depth = self._depth_of.get(id(value))
            if depth is not None:
                frame = self._frames[-1]
                frame.lowest = min(frame.lowest, depth)
                return b"^%d:" % (len(self._frames) - depth)
            known = self._memo.get(id(value))
            if known is not None:
                return known[1]
            if len(self._frames) >= _MAX_DEPTH:
                raise UnstableError("a structure that is nested too deeply")
            node = decompose(value, self)
        except DefinitionError:
            raise
        except UnstableError as told:
            return self._give_up(str(told))
        except KeyboardInterrupt:
            raise
        except BaseException as raised:  # whatever user code does, the job is described
            return self._give_up(f"{_kind(value)} ({type(raised).__name__} while looking at it)")
        if not isinstance(node, Node):
            return node
        if self._numbers is not None:
            node = self._in_known_order(node)
            self._entered += 1
            self._numbers[id(value)] = (self._entered, value)
        self._depth_of[id(value)] = len(self._frames)
        self._frames.append(_Frame(value, node, self._marks))
        return None

    def _leave(self, frame: _Frame) -> bytes:
        depth = len(self._frames) - 1
        out, node = frame.out, frame.node
        if node.order is Order.FREE:
            out.sort()
        elif node.order is Order.PAIRS:
            out = [part for pair in sorted(zip(out[::2], out[1::2], strict=True)) for part in pair]
        encoded = compact(node.head + b"".join(out))
        if frame.lowest < depth and depth > 0:
            outer = self._frames[-2]
            outer.lowest = min(outer.lowest, frame.lowest)
        if frame.value is not None:
            del self._depth_of[id(frame.value)]
        self._remember(frame, depth, encoded)
        return encoded

    def _remember(self, frame: _Frame, depth: int, encoded: bytes) -> None:
        """Keep the encoding for other places of the same object, if it is the same there."""
        if frame.value is None:
            return
        if not frame.has_compound and len(frame.out) < _MEMO_FROM_CHILDREN:
            if self._numbers is not None:
                del self._numbers[id(frame.value)]  # whether two equal small things are one thing means nothing
            return
        if frame.marks != self._marks and self._repeated < _MAX_REPEATED:
            self._repeated += 1  # the next place of the same promise counts too
        elif frame.lowest >= depth:
            self._memo[id(frame.value)] = (frame.value, encoded)
        elif self._numbers is None:
            self._entangled += 1
            if self._entangled > _MAX_ENTANGLED:
                raise EntangledError

    def _in_known_order(self, node: Node) -> Node:
        """Sort by what can be known before the walk: numbers are given in the order of the walk."""
        step = 2 if node.order is Order.PAIRS else 1
        if node.order in (Order.FIXED, Order.ITEMS) or len(node.children) <= step:
            return node
        children = node.children
        keys = children[::step]
        if any(type(key) not in ATOMS for key in keys):
            self.note_unstable("objects that refer to each other in too many ways")
            return node
        order = sorted(range(len(keys)), key=lambda index: ATOMS[type(keys[index])](keys[index]))
        return node._replace(children=[part for i in order for part in children[i * step : (i + 1) * step]])

    @property
    def _marks(self) -> int:
        return len(self.promises) + len(self.files)

    def _promise(self, promise: Promise) -> bytes:
        for depth, frame in enumerate(self._frames):
            if frame.node.order in _WITH_KEYS and frame.index % 2 == 1:
                raise DefinitionError(f"{self._place_of(depth)}: a promise cannot be a dictionary key.")
        self.promises.append(Dependency(self.place, promise.job_id))
        return PROMISE_MARK

    @property
    def place(self) -> str:
        """The way to the value that is being looked at, in Python syntax."""
        return self._place_of(len(self._frames))

    def _place_of(self, depth: int) -> str:
        return self._place + "".join(map(_step, self._frames[:depth]))

    def note_code(self, thing: Any) -> None:
        """Note a function or a class whose code counts."""
        self.code[id(thing)] = thing

    def note_callable(self, thing: Any) -> None:
        """Note a function or class that whoever has the value can call."""
        self.carries_code = True
        self.note_code(thing)

    def note_object(self, value: Any) -> None:
        """Note an object that describes itself, and might do so differently the next time."""
        self.objects.append(value)
        if value is self._wanted:
            self.found_at = self.place

    def note_unstable(self, kind: str) -> None:
        """Note that what is being looked at has no stable digest; the first one noted is told."""
        if self.unstable is None:
            place = self.place
            if len(place) > _PLACE_CHARS:
                place = f"{place[: _PLACE_CHARS // 2]}...{place[-_PLACE_CHARS // 2 :]}"
            self.unstable = f"{place}: {kind}"

    def _give_up(self, kind: str) -> bytes:
        self.note_unstable(kind)
        return _UNSTABLE_MARK


def _step(frame: _Frame) -> str:
    index = frame.index - 1
    try:
        if frame.node.order not in _WITH_KEYS:
            return frame.node.label(index)
        key = frame.children[index - index % 2]
        text = short_text(key)
        if index % 2 == 0:
            return f"[key {text}]"
        if type(key) not in ATOMS or len(text) > _KEY_CHARS:
            # Two keys may look alike; the places of what they lead to must differ.
            text = f"{text[:_KEY_CHARS]}~{blake3(frame.out[index - 1]).hexdigest(4)}"
        return f"[{text}]"
    except Exception:  # a label made of something of the user's
        return "[...]"


def _kind(value: Any) -> str:
    try:
        return kind_in_words(value)
    except Exception:
        return "an object"
