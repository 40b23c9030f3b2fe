"""How the parts of the dashboard are drawn, as lines of roles and texts; no clock, no input or output, no urwid."""
