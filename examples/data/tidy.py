# Nothing is wrong here: a file between the two bad ones whose report is written all the same.


def area(width, height):
    return width * height


def is_square(width, height):
    # Equal sides, whatever their unit.
    return width == height
