"""The colours of what the dashboard adds to the other screens: Okabe and Ito's, as in `ui.text`; no urwid."""

PALETTE = (
    # role, 16 colours, background, without colours, 256 colours, background
    ("done", "dark green", "default", "default", "h36", "default"),
    ("up to date", "dark green", "default", "default", "h29", "default"),
    ("running", "light cyan", "default", "default", "h74", "default"),
    ("failed", "light red,bold", "default", "bold", "h166,bold", "default"),
    ("blocked", "brown", "default", "default", "h178", "default"),
    ("interrupted", "default,bold", "default", "bold", "default,bold", "default"),
    ("ready", "default", "default", "default", "default", "default"),
    ("waiting", "default", "default", "default", "h245", "default"),
    ("silent", "default,standout", "default", "standout", "default,standout", "default"),
    ("bar", "dark cyan", "default", "default", "h74", "default"),
    ("over", "light red", "default", "bold", "h166", "default"),
    ("rule", "default", "default", "default", "h245", "default"),
    ("focus", "default,bold", "default", "bold,underline", "default,bold", "default"),
    ("mark", "yellow,bold", "default", "bold", "h227,bold", "default"),
)
"""Rows for urwid."""
