"""The commands: importing this package registers them all."""

from compmake.ui.commands import (
    consoling,
    dashing,
    explaining,
    fixing,
    general,
    inspecting,
    listing,
    making,
    planning,
    statistics,
    steered,
    storing,
    watching,
)

__all__ = [
    "consoling",
    "dashing",
    "explaining",
    "fixing",
    "general",
    "inspecting",
    "listing",
    "making",
    "planning",
    "statistics",
    "steered",
    "storing",
    "watching",
]
