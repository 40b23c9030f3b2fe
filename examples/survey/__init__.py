"""What stdlib_survey.py computes: `measure` and `style` look at files, `ranking` compares packages, `output` writes."""
