"""`describe` never raises and never hangs, whatever user code does."""

import itertools

import pytest
from hostile_samples import HOSTILE
from value_samples import Thing

from compmake.fingerprint.values import describe


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("wrap", [lambda x: x, lambda x: [1, x, 2], lambda x: {"k": (x,)}, lambda x: Thing(a=x)])
def test_hostile_objects_are_described(name, wrap):
    """An object that raises when looked at makes its job unstable, and nothing else."""
    value = wrap(HOSTILE[name][1]())
    description = describe(value, "args[0]")
    assert (description.digest is None) == (description.unstable is not None)
    assert len(description.text) <= 80


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_classes_are_described(name):
    """The same for the classes themselves."""
    description = describe([HOSTILE[name][0]], "args[0]")
    assert (description.digest is None) == (description.unstable is not None)


def test_interrupt_goes_through():
    """Ctrl-C is not something that a value does."""

    class Interrupts:
        def __reduce__(self):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        describe([Interrupts()], "x")


@pytest.mark.parametrize("depth", [900, 10_000, 50_000])
def test_deep_nesting_is_described(depth):
    """The interpreter's recursion limit is not ours."""
    nested = []
    for _ in range(depth):
        nested = [nested]
    description = describe(nested, "args[0]")
    assert description.digest is not None or "nested too deeply" in description.unstable


def test_long_chain_of_objects_is_described():
    """A linked list of 5,000 objects does not break anything either."""
    chain = None
    for _ in range(5_000):
        chain = Thing(next=chain)
    description = describe(chain, "args[0]")
    assert description.digest is None or description.unstable is None
    assert description.text


def test_object_shared_at_every_level_costs_nothing():
    """A structure whose paths double at each of 60 levels is walked once."""
    shared = []
    for _ in range(60):
        shared = [shared, shared]
    assert describe(shared, "x").digest is not None


def clique(size, numbers=int):
    """Objects that all refer to each other: more ways through them than anybody can follow."""
    things = [Thing(number=numbers(number)) for number in range(size)]
    for one, other in itertools.permutations(things, 2):
        setattr(one, f"to_{other.number}", other)
    return things


def test_entangled_objects_have_a_digest():
    """Objects that all refer to each other are digested by the order in which they appear."""
    assert describe(clique(12), "x").digest == describe(clique(12), "x").digest is not None
    assert describe(clique(12), "x").digest != describe(clique(12, float), "x").digest


def test_entangled_sets_end():
    """A set has no order of its own, so objects that are entangled through sets have no digest, and are told."""
    things = [Thing() for _ in range(12)]
    for thing in things:
        thing.friends = set(things)
    assert "refer to each other" in describe(things, "x").unstable


def test_list_that_holds_itself_has_a_digest():
    """A cycle is a value like any other."""
    one, other = [1], [1]
    one.append(one)
    other.append(other)
    assert describe(one, "x").digest == describe(other, "x").digest is not None
