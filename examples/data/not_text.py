# Bad on purpose: the next line is no UTF-8, so nobody can read this file as text.
name = "café"
