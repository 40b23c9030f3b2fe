# Bad on purpose: a syntax error, for stdlib_survey.py to stumble over.


def area(width, height:
    return width * height
