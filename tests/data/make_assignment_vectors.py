#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes assignment_vectors.csv from an implementation of its own, written from the xxHash specification
(XXH64, version 0.1.1) and the framing of engine/assignment/hashing.h. The engine must give the same."""

import csv
import sys

MASK = (1 << 64) - 1
P1, P2, P3 = 0x9E3779B185EBCA87, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9
P4, P5 = 0x85EBCA77C2B2AE63, 0x27D4EB2F165667C5
SLOT_SEED, VARIANT_SEED = 1, 2


def rotl(x, r):
    return ((x << r) | (x >> (64 - r))) & MASK


def accumulate(acc, lane):
    return rotl((acc + lane * P2) & MASK, 31) * P1 & MASK


def xxh64(data, seed):
    at = 0
    if len(data) >= 32:
        acc = [(seed + P1 + P2) & MASK, (seed + P2) & MASK, seed, (seed - P1) & MASK]
        while at + 32 <= len(data):
            for i in range(4):
                acc[i] = accumulate(acc[i], int.from_bytes(data[at + 8 * i:at + 8 * i + 8], 'little'))
            at += 32
        h = sum(rotl(a, r) for a, r in zip(acc, (1, 7, 12, 18))) & MASK
        for a in acc:
            h = ((h ^ accumulate(0, a)) * P1 + P4) & MASK
    else:
        h = (seed + P5) & MASK
    h = (h + len(data)) & MASK
    while at + 8 <= len(data):
        h = (rotl(h ^ accumulate(0, int.from_bytes(data[at:at + 8], 'little')), 27) * P1 + P4) & MASK
        at += 8
    if at + 4 <= len(data):
        h = (rotl(h ^ (int.from_bytes(data[at:at + 4], 'little') * P1 & MASK), 23) * P2 + P3) & MASK
        at += 4
    for byte in data[at:]:
        h = rotl(h ^ (byte * P5 & MASK), 11) * P1 & MASK
    for shift, prime in ((33, P2), (29, P3), (32, 1)):
        h = (h ^ (h >> shift)) * prime & MASK
    return h


def framed(salt, unit, seed):
    salt, unit = salt.encode(), unit.encode()
    return xxh64(bytes([len(salt)]) + salt + unit, seed)


def scale(h, total):
    return ((h >> 32) * total) >> 32


def variant(salt, unit, weights):
    point = scale(framed(salt, unit, VARIANT_SEED), sum(weights))
    for index, weight in enumerate(weights):
        if point < weight:
            return index
        point -= weight


# Known answers of the specification's reference implementation.
assert xxh64(b'', 0) == 0xEF46DB3751D8E999
assert xxh64(b'abc', 0) == 0x44BC2CF5AD770999

SALTS = ['', 'a', '6f1c9b1e-52d7-4c0a-9a41-2b1f60a7f3de', 'x' * 64]
UNITS = ['1', '2', '42', '4283872382', 'user@example.com', '+84901234567', 'Nguyễn Văn A', '🙂',
         '123e4567-e89b-42d3-a456-426614174000', 'u' * 31, 'u' * 32, 'u' * 33, 'u' * 256]
WEIGHTS = [[1, 1], [1, 1, 1], [90, 10], [0, 1, 0, 3], [1000000, 1]]

out = csv.writer(sys.stdout, lineterminator='\n')
out.writerow(['salt', 'unit_id', 'slot', 'weights', 'variant'])
for salt in SALTS:
    for n, unit in enumerate(UNITS):
        weights = WEIGHTS[n % len(WEIGHTS)]
        out.writerow([salt, unit, scale(framed(salt, unit, SLOT_SEED), 1000),
                      ' '.join(map(str, weights)), variant(salt, unit, weights)])
