"""The commands: importing this package registers them all."""

from compmake.ui.commands import (
    consoling,
    explaining,
    fixing,
    general,
    inspecting,
    listing,
    making,
    planning,
    statistics,
    storing,
    watching,
)

__all__ = [
    "consoling",
    "explaining",
    "fixing",
    "general",
    "inspecting",
    "listing",
    "making",
    "planning",
    "statistics",
    "storing",
    "watching",
]
