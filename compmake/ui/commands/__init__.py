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
]
