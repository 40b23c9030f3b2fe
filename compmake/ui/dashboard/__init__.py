"""Screens that fill the terminal, opened between two prompts; the only package that knows urwid."""
