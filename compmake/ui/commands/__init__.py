"""The commands: importing this package registers them all."""

from compmake.ui.commands import general, inspecting, making, planning, storing

__all__ = ["general", "inspecting", "making", "planning", "storing"]
