"""How good the expected ends of past makes were: the answer of `stats eta`."""

from collections.abc import Sequence

from compmake.foretold import SHARES, Foretold, Look, past
from compmake.ui.columns import Column, Listing
from compmake.ui.commands.registry import Reply
from compmake.ui.commands.session import Session
from compmake.ui.text import duration, wrap
from compmake.words import plural

_SHOWN = 20
_FEW = 5
"""Of fewer makes a mean says nothing."""


def eta_table(session: Session) -> Reply:
    """Return a line for each make, the newest first: what was expected of what was left, at some times of it."""
    makes = past(session.workspace.store)
    objects = [
        {
            "run": make.run_id,
            "took_s": make.took_s,
            "steered": make.steered,
            "looks": [
                look._asdict() | {"truth_s": make.truth_s(look), "covered": make.is_covered(look)}
                for look in make.looks
            ],
        }
        for make in makes
    ]
    if not makes:
        nothing = "Nothing is known yet: only makes count that took 2 seconds or more and were not interrupted."
        return Reply(wrap(nothing, session.width, indent=2), objects)
    rows = [_row(make) for make in makes[:_SHOWN]]
    columns = (
        Column("run", right=True),
        Column("took", right=True),
        *(Column("at the start" if not share else f"at {share:.0%}", right=True) for share in SHARES),
        Column("steered"),
    )
    at = {column.name: number for number, column in enumerate(columns)}
    table = Listing(
        columns,
        len(rows),
        lambda number, names: [session.style.spell(rows[number][at[name]]) for name in names],
        width=session.width,
        header=True,
        style=session.style,
    )
    said = ["", "How much more (+) or less (-) time was expected than was left then; ! marks what the range missed."]
    if any(len(make.looks) < len(SHARES) for make in makes[:_SHOWN]):
        said.append("– where there was no number to be right or wrong: too little was known.")
    if any(make.steered for make in makes[:_SHOWN]):
        said.append("Of a make that was steered while it ran only what was expected afterwards counts.")
    said += _means(makes)
    return Reply([*table, *(part for line in said for part in wrap(line, session.width, indent=2))], objects)


def _row(make: Foretold) -> tuple[str, ...]:
    looks = {look.share: look for look in make.looks}
    return (
        str(make.run_id),
        duration(make.took_s),
        *(_error(make, looks[share]) if share in looks else "– " for share in SHARES),
        make.steered,
    )


def _error(make: Foretold, look: Look) -> str:
    percent = min(999, max(-100, round(100 * make.error(look))))
    return f"{percent:+d}%{' ' if make.is_covered(look) else '!'}"


def _means(makes: Sequence[Foretold]) -> list[str]:
    """Return the mean error at each time, without signs, and how often the range held what was left."""
    found = [(make, look) for make in makes for look in make.looks]
    if len(makes) < _FEW:
        return []
    errors = []
    for share in SHARES:
        at_share = [abs(make.error(look)) for make, look in found if look.share == share]
        if at_share:
            errors.append(f"{sum(at_share) / len(at_share):.0%} {f'at {share:.0%}' if share else 'at the start'}")
    covered = sum(make.is_covered(look) for make, look in found) / max(1, len(found))
    return [f"mean error of {plural(len(makes), 'make')}: {', '.join(errors)}; within the range: {covered:.0%}"]
