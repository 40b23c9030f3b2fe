"""What the dashboard knows of a make, folded from its events alone; no clock, no input or output, no urwid."""
