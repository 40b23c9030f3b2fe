"""Programs whose makes are recorded: jobs that wait, that work, and that fail, of different lengths."""

SWEEP = '''
"""A sweep: data, models of very different size, evaluations, and one report at the end."""
import random
import time

from compmake import comp


def wait(seconds):
    """Wait as for a device, which takes a different time each time."""
    time.sleep(seconds * random.SystemRandom().lognormvariate(0.1, 0.15))


def load(fold):
    wait(0.6)


def train(data, fold, rate):
    wait(random.Random(f"{fold}/{rate}").lognormvariate(0, 0.6))


def evaluate(model):
    wait(0.25)


def report(*scores):
    wait(5.0)


scores = []
for fold in range(5):
    data = comp(load, fold)
    scores += [comp(evaluate, comp(train, data, fold, rate)) for rate in range(9)]
comp(report, *scores)
'''

CHAINS = '''
"""Chains of steps that compress and hash what the one before made."""
import random
import zlib

from compmake import comp


def begin(number):
    return random.Random(number).randbytes(400_000)


def compress(data, times):
    for level in range(times):
        data = zlib.compress(data[:400_000] + bytes(level), 9)
    return data


def check(data):
    for _ in range(60):
        value = zlib.adler32(data) ^ zlib.crc32(data)
    return value


def join(*values):
    return sum(values)


values = []
for number in range(8):
    data = comp(begin, number)
    for step in range(6):
        data = comp(compress, data, 8 + 6 * (number + step) % 40)
    values.append(comp(check, data))
comp(join, *values)
'''

SURVEY = '''
"""A survey: many jobs of all lengths, some of which fail, and what needs them."""
import random
import time

from compmake import comp


def fetch(number):
    time.sleep(random.Random(number).uniform(0.05, 0.6))
    if number % 37 == 5:
        raise OSError("gone")
    return list(range(number * 10_000 % 150_000))


def sort(values):
    for seed in range(6):
        random.Random(seed).shuffle(values)
        values.sort()
    return values


def merge(*parts):
    time.sleep(2.5)
    return sum(map(len, parts))


for group in range(5):
    comp(merge, *[comp(sort, comp(fetch, group * 12 + number)) for number in range(12)])
'''
