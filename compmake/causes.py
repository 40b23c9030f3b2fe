"""`Causes`: why the jobs of a make must run, told together in few lines; pure."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from compmake.job import JobId, Reason, ReasonCode
from compmake.text_safety import one_line
from compmake.words import plural

_CAUSES_TOLD = 12
_CELLS = 300
_USED_BY = ", used by "
_NO_DETAIL = {
    ReasonCode.DEPENDENCY: "the result of a dependency changed",
    ReasonCode.RESULT: "the stored result is missing or damaged",
}


@dataclass(slots=True)
class _Group:
    """Jobs that must run for the same causes."""

    text: str
    """The causes of the first job in full, of several jobs what is common to them."""
    count: int = 0


@dataclass(frozen=True, slots=True)
class Causes:
    """The jobs that a make is about to run, by cause."""

    will_run: list[JobId] = field(default_factory=list)
    may_run: list[JobId] = field(default_factory=list)
    """Jobs that only wait for results which may change."""
    groups: dict[tuple[str, ...], _Group] = field(default_factory=dict)

    def lines(self, verb: str = "") -> list[str]:
        """Return `412 jobs: helper clean() changed (mycomputations.py:14)` and so on, most jobs first, safe to print.

        Args:
            verb: Stands behind the number of jobs, ` will run`.
        """
        groups = sorted(self.groups.values(), key=lambda group: -group.count)
        told = groups if len(groups) <= _CAUSES_TOLD else groups[: _CAUSES_TOLD - 1]
        lines = [f"{plural(group.count, 'job')}{verb}: {one_line(group.text, _CELLS)}" for group in told]
        rest = sum(group.count for group in groups[len(told) :])
        if rest:
            lines.append(f"{plural(rest, 'job')}{verb}: {len(groups) - len(told)} other causes, `why` tells them")
        if self.may_run:
            lines.append(f"up to {len(self.may_run)} more if those results change")
        return lines


def causes_of(todo: Iterable[JobId], reasons_of: Callable[[JobId], tuple[Reason, ...]]) -> Causes:
    """Group jobs by what makes them run.

    Args:
        todo: The jobs, in the order in which they are told.
        reasons_of: Why a job must run; nothing for one that need not.
    """
    causes = Causes()
    keys: dict[tuple[Reason, ...], tuple[str, ...]] = {}
    before: tuple[Reason, ...] = ()
    group = _Group("")
    for job_id in todo:
        reasons = reasons_of(job_id)
        if reasons is before and group.count:
            causes.will_run.append(job_id)
            group.count += 1
            continue
        if not reasons:
            continue
        if all(reason.code is ReasonCode.MAY_CHANGE for reason in reasons):
            causes.may_run.append(job_id)
            continue
        causes.will_run.append(job_id)
        key = keys.get(reasons)
        if key is None:
            key = keys[reasons] = general_causes(reasons)
            text = ", ".join(dict.fromkeys(map(_told, reasons)))
            group = causes.groups.setdefault(key, _Group(text))
            if group.text != text:
                group.text = ", ".join(key)
        before, group = reasons, causes.groups[key]
        group.count += 1
    return causes


def general_causes(reasons: Iterable[Reason]) -> tuple[str, ...]:
    """Return the causes without what differs from job to job, so that jobs with the same causes count together."""
    return tuple(dict.fromkeys(_told(reason).rpartition(_USED_BY)[0] or _told(reason) for reason in reasons))


def _told(reason: Reason) -> str:
    if reason.code in (ReasonCode.ARGUMENT, ReasonCode.UNSTABLE):
        return reason.text.partition(":")[0]
    return _NO_DETAIL.get(reason.code, reason.text)
