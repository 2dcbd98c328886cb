#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Keeps the one-way rule between the rooms of insightloop, and three small rules about every C++ file.

    clients --(wire only)--> api --> engine --> stats        storage implements engine/ports

A file may include only what its room's row in ROOMS lists. Besides:
  * the first line of every .cc, .h and .proto file is its SPDX line;
  * the guard of a header is INSIGHTLOOP_<PATH>_H_;
  * <ranges> and std::views stay out: the clang that checks our code cannot read GCC 12's.

Usage: check_includes.py [ROOT]      check the files that git tracks under ROOT (default: this project)
       check_includes.py --self-test plant every kind of violation in a scratch tree; each must be found
"""

import pathlib
import re
import subprocess
import sys
import tempfile
from typing import NamedTuple

SPDX = "// SPDX-License-Identifier: Apache-2.0"
SUFFIXES = {".cc", ".h", ".proto"}

# What an include is, by the first pattern that fits its path. "x" and <x> are treated alike.
KINDS = [
    ("generated", r"(insightloop/v1|google/rpc)/[^/]+\.pb\.h"),
    ("grpc", r"(grpc|grpcpp)/.+"),
    ("protobuf", r"google/protobuf/.+"),
    ("sdk", r"insightloop/(client|local_evaluator)\.h"),
    ("domain", r"engine/(domain|ports)/.+"),
    ("assignment", r"engine/assignment/.+"),
    ("engine", r"engine/.+"),
    ("stats", r"stats/.+"),
    ("storage", r"storage/.+"),
    ("api", r"api/.+"),
    ("clients", r"clients/.+"),
    ("tests", r"tests/.+"),
    ("absl", r"absl/.+"),
    ("boost.math", r"boost/math/.+"),
    ("nlohmann", r"nlohmann/.+"),
    ("sqlite", r"sqlite3(ext)?\.h"),
    ("xxhash", r"xxhash\.h"),
    ("re2", r"re2/.+"),
    ("openssl", r"openssl/.+"),
    ("sodium", r"sodium/.+"),
    ("spdlog", r"spdlog/.+"),
    ("cli11", r"CLI/.+"),
    ("csv", r"csv\.h"),
    ("zlib", r"zlib\.h"),
    ("gtest", r"(gtest|gmock)/.+"),
    ("rapidcheck", r"rapidcheck(/.+)?\.h"),
    ("nghttp2", r"nghttp2/.+"),
    ("benchmark", r"benchmark/.+"),
    (
        "posix",
        r"(sys|netinet|arpa|linux)/.+\.h"
        r"|(dirent|fcntl|malloc|netdb|poll|pthread|sched|signal|spawn|termios|unistd)\.h",
    ),
    # The standard library: one word, no extension.
    ("std", r"[a-z_0-9]+"),
]


class Room(NamedTuple):
    name: str
    path: str  # pattern of the files in it
    may_include: frozenset  # kinds


def room(name, path, *kinds):
    return Room(name, path, frozenset({"std", *kinds}))


# The first pattern that fits a file says which room it is in.
ROOMS = [
    room("stats", r"stats/.+", "stats", "absl", "boost.math"),
    room("engine/domain and engine/ports", r"engine/(domain|ports)/.+", "domain", "stats", "absl", "nlohmann"),
    room(
        "engine", r"engine/.+", "domain", "assignment", "engine", "stats", "absl", "nlohmann", "xxhash", "re2",
        "openssl", "sodium",
    ),
    room("storage", r"storage/.+", "storage", "domain", "absl", "sqlite", "xxhash", "posix"),
    # The composition root: the one file that sees every room.
    Room(
        "the server's main", r"api/server_main\.cc",
        frozenset({kind for kind, _ in KINDS} - {"tests", "gtest", "rapidcheck", "nghttp2"}),
    ),
    room(
        "api", r"api/.+", "api", "domain", "assignment", "engine", "absl", "nlohmann", "generated", "grpc",
        "protobuf", "spdlog", "posix",
    ),
    # What users of the SDK include, and how: nothing of ours but what is installed.
    room("clients/cpp/examples", r"clients/cpp/examples/.+", "sdk", "absl", "protobuf"),
    room(
        "the SDK's public headers", r"clients/cpp/(client|local_evaluator)\.h", "absl", "generated", "grpc",
        "protobuf",
    ),
    # Assigns units with the server's own code.
    room(
        "clients/cpp", r"clients/cpp/.+", "clients", "domain", "assignment", "absl", "nlohmann", "generated", "grpc",
        "protobuf",
    ),
    room(
        "clients", r"clients/.+", "clients", "absl", "nlohmann", "generated", "grpc", "protobuf", "cli11", "csv",
        "zlib", "openssl", "posix",
    ),
    Room("tests", r"tests/.+", frozenset(kind for kind, _ in KINDS)),
]

# Words for those kinds that a reader may not recognise.
WORDS = {
    "generated": "generated protobuf code",
    "domain": "engine/domain or engine/ports",
    "assignment": "engine/assignment",
    "sdk": "the installed SDK",
    "posix": "the operating system",
}

INCLUDE = re.compile(r'^\s*#\s*include\s*(?:<([^>]+)>|"([^"]+)"|(\S+))')
VIEWS = re.compile(r"\bstd::(ranges::)?views\b")


def first_match(rows, text, pattern):
    return next((row for row in rows if re.fullmatch(pattern(row), text)), None)


def kind_of(include):
    row = first_match(KINDS, include, lambda row: row[1])
    return row[0] if row else None


def client_folder(path):
    """The client that a file belongs to: clients/cli/x/y.h -> cli; files right below clients/ belong to none."""
    parts = path.split("/")
    return parts[1] if len(parts) > 2 else None


def check_include(path, where, include):
    """What is wrong with a file of room `where` including `include`, or None."""
    if include == "ranges":
        return "<ranges> is not used here: the clang that checks our code cannot read GCC 12's"
    kind = kind_of(include)
    if kind is None or ".." in include.split("/"):
        return (
            f"'{include}' is neither a path from the root of the project nor a library that "
            "tests/support/check_includes.py knows"
        )
    if kind not in where.may_include:
        return f"{where.name} must not include {WORDS.get(kind, kind)} ('{include}')"
    if kind == "clients" and path.startswith("clients/") and client_folder(include) != client_folder(path):
        return f"a client must not include another client ('{include}')"
    return None


def guard_of(path):
    return "INSIGHTLOOP_" + re.sub(r"[^A-Z0-9]", "_", path.upper()) + "_"


def check_guard(path, lines):
    guard = guard_of(path)
    directives = [(number, line) for number, line in enumerate(lines, 1) if line.startswith("#")]
    wanted = [f"#ifndef {guard}", f"#define {guard}"]
    if [line.strip() for _, line in directives[:2]] != wanted or directives[-1][1].strip() != f"#endif  // {guard}":
        number = directives[0][0] if directives else 1
        yield number, f"the header guard must be {guard}, closed with '#endif  // {guard}'"


def check_text(path, text):
    """Yields (line number, complaint) for one file."""
    lines = text.splitlines()
    if not lines or lines[0] != SPDX:
        yield 1, f"the first line must be '{SPDX}'"
    if path.endswith(".proto"):
        return
    if path.endswith(".h"):
        yield from check_guard(path, lines)
    where = first_match(ROOMS, path, lambda row: row.path)
    for number, line in enumerate(lines, 1):
        if VIEWS.search(line.split("//")[0]):
            yield number, "std::views is not used here: the clang that checks our code cannot read GCC 12's"
        match = INCLUDE.match(line)
        if not match or where is None:
            continue
        if match[3]:
            yield number, f"includes by macro ({match[3]}) hide what is included"
            continue
        complaint = check_include(path, where, match[1] or match[2])
        if complaint:
            yield number, complaint


def check_tree(root, paths):
    """All complaints about the files `paths` (relative to `root`), in order, as 'file:line: complaint'."""
    found = []
    for path in sorted(paths):
        text = (root / path).read_text(encoding="utf-8")
        found += [f"{path}:{number}: {complaint}" for number, complaint in check_text(path, text)]
    return found


def tracked_files(root):
    names = subprocess.run(
        ["git", "-C", str(root), "ls-files", "-z"], check=True, capture_output=True, text=True
    ).stdout.split("\0")
    return [n for n in names if pathlib.PurePath(n).suffix in SUFFIXES and (root / n).is_file()]


# ---------------------------------------------------------------------------------------------------------------------
# Self-test


def source(*includes, body=""):
    return "\n".join([SPDX, "", *[f"#include {i}" for i in includes], body, ""])


def header(path, *includes):
    guard = guard_of(path)
    return "\n".join(
        [SPDX, "", f"#ifndef {guard}", f"#define {guard}", *[f"#include {i}" for i in includes], f"#endif  // {guard}", ""]
    )


# Files with nothing wrong.
GOOD = {
    "stats/a.h": header("stats/a.h", "<vector>", "<boost/math/distributions/normal.hpp>", '"absl/status/statusor.h"'),
    "stats/a.cc": source('"stats/a.h"', "<cmath>"),
    "engine/domain/a.h": header("engine/domain/a.h", '"stats/a.h"', "<nlohmann/json.hpp>", '"engine/ports/b.h"'),
    "engine/ports/b.h": header("engine/ports/b.h", '"absl/status/status.h"'),
    "engine/assignment/a.cc": source("<xxhash.h>", "<re2/re2.h>", "<openssl/sha.h>", '"engine/domain/a.h"', '"stats/a.h"'),
    "engine/measurement/a.cc": source("<sodium/a.h>", '"engine/ports/b.h"'),
    "storage/sqlite/a.cc": source("<sqlite3.h>", "<unistd.h>", '"engine/ports/b.h"', '"storage/sqlite/a.h"'),
    "api/a.cc": source('"insightloop/v1/a.grpc.pb.h"', "<grpcpp/grpcpp.h>", '"engine/analysis/a.h"', "<spdlog/spdlog.h>"),
    "api/server_main.cc": source('"storage/sqlite/a.h"', '"stats/a.h"', "<sqlite3.h>", "<CLI/CLI.hpp>"),
    "api/insightloop/v1/a.proto": SPDX + '\nsyntax = "proto3";\n',
    "clients/cli/a.cc": source("<CLI/CLI.hpp>", "<csv.h>", '"insightloop/v1/a.pb.h"', '"clients/cli/b.h"'),
    "clients/cpp/client.h": header("clients/cpp/client.h", "<grpcpp/channel.h>", '"insightloop/v1/a.pb.h"'),
    "clients/cpp/a.cc": source('"engine/assignment/a.h"', '"engine/ports/b.h"', '"clients/cpp/client.h"'),
    "clients/cpp/examples/a.cc": source("<insightloop/client.h>", '"absl/time/time.h"'),
    "tests/storage/a_test.cc": source("<gtest/gtest.h>", '"storage/sqlite/a.h"', '"tests/support/x.h"'),
}

# Each breaks exactly one rule: file, text, a part of the complaint.
BAD = [
    ("stats/x.cc", source('"engine/domain/a.h"'), "stats must not include engine/domain"),
    ("stats/x.cc", source("<nlohmann/json.hpp>"), "stats must not include nlohmann"),
    ("stats/x.cc", source("<unistd.h>"), "stats must not include the operating system"),
    ("engine/domain/x.cc", source('"engine/analysis/a.h"'), "must not include engine "),
    ("engine/domain/x.cc", source("<openssl/sha.h>"), "must not include openssl"),
    ("storage/sqlite/x.cc", source("<sodium/a.h>"), "must not include sodium"),
    ("engine/domain/x.cc", source('"re2/re2.h"'), "must not include re2"),
    ("engine/ports/x.cc", source("<sqlite3.h>"), "must not include sqlite"),
    ("engine/loop/x.cc", source("<sqlite3.h>"), "engine must not include sqlite"),
    ("engine/loop/x.cc", source('"storage/sqlite/a.h"'), "engine must not include storage"),
    ("engine/loop/x.cc", source('"api/a.h"'), "engine must not include api"),
    ("engine/loop/x.cc", source('"insightloop/v1/a.pb.h"'), "engine must not include generated protobuf code"),
    ("engine/loop/x.cc", source('"google/rpc/status.pb.h"'), "engine must not include generated protobuf code"),
    ("engine/loop/x.cc", source("<google/protobuf/message.h>"), "engine must not include protobuf"),
    ("engine/loop/x.cc", source("<grpcpp/grpcpp.h>"), "engine must not include grpc"),
    ("engine/loop/x.cc", source('"tests/support/x.h"'), "engine must not include tests"),
    ("storage/sqlite/x.cc", source('"engine/analysis/a.h"'), "storage must not include engine "),
    ("storage/sqlite/x.cc", source('"stats/a.h"'), "storage must not include stats"),
    ("storage/sqlite/x.cc", source('"insightloop/v1/a.pb.h"'), "storage must not include generated"),
    ("api/x.cc", source('"storage/sqlite/a.h"'), "api must not include storage"),
    ("api/x.cc", source('"stats/a.h"'), "api must not include stats"),
    ("api/x.cc", source('"sqlite3.h"'), "api must not include sqlite"),
    ("api/services/server_main.cc", source("<sqlite3.h>"), "api must not include sqlite"),
    ("api/server_main.cc", source('"tests/support/x.h"'), "main must not include tests"),
    ("clients/cli/x.cc", source('"engine/assignment/a.h"'), "clients must not include engine"),
    ("clients/cli/x.cc", source('"engine/domain/a.h"'), "clients must not include engine/domain"),
    ("clients/cli/x.cc", source('"api/a.h"'), "clients must not include api"),
    ("clients/cli/x.cc", source('"storage/sqlite/a.h"'), "clients must not include storage"),
    ("clients/cli/x.cc", source('"stats/a.h"'), "clients must not include stats"),
    ("clients/cli/x.cc", source('"clients/cpp/a.h"'), "must not include another client"),
    ("clients/cli/x.cc", source("<insightloop/client.h>"), "clients must not include the installed SDK"),
    ("clients/cpp/x.cc", source('"clients/cli/a.h"'), "must not include another client"),
    ("clients/cpp/x.cc", source('"engine/analysis/a.h"'), "clients/cpp must not include engine "),
    ("clients/cpp/x.cc", source('"stats/a.h"'), "clients/cpp must not include stats"),
    ("clients/cpp/x.cc", source('"api/a.h"'), "clients/cpp must not include api"),
    (
        "clients/cpp/local_evaluator.h",
        header("clients/cpp/local_evaluator.h", '"engine/assignment/a.h"'),
        "public headers must not include engine/assignment",
    ),
    ("clients/cpp/examples/x.cc", source('"clients/cpp/client.h"'), "examples must not include clients"),
    ("clients/cli/x.cc", source("<sqlite3.h>"), "clients must not include sqlite"),
    ("stats/x.cc", source("  <somewhere/else.h>"), "neither a path from the root"),
    ("stats/x.cc", source('"a.h"'), "neither a path from the root"),
    ("stats/x.cc", source('"stats/../engine/domain/a.h"'), "neither a path from the root"),
    ("stats/x.cc", SPDX + "\n  #  include STATS_HEADER\n", "includes by macro"),
    ("stats/x.cc", source("<ranges>"), "<ranges> is not used"),
    ("tests/stats/x_test.cc", source(body="auto v = a | std::views::all;"), "std::views is not used"),
    ("stats/x.cc", "#include <vector>\n", "the first line must be"),
    ("stats/x.cc", "", "the first line must be"),
    ("api/insightloop/v1/x.proto", 'syntax = "proto3";\n', "the first line must be"),
    ("stats/x.h", header("stats/y.h"), "guard must be INSIGHTLOOP_STATS_X_H_"),
    ("stats/x.h", SPDX + "\n#pragma once\n", "guard must be INSIGHTLOOP_STATS_X_H_"),
    ("stats/x.h", SPDX + "\n", "guard must be INSIGHTLOOP_STATS_X_H_"),
    ("stats/x.h", header("stats/x.h").replace("  // INSIGHTLOOP", " // INSIGHTLOOP"), "closed with"),
    ("tests/support/x-y.h", header("tests/support/x.h"), "guard must be INSIGHTLOOP_TESTS_SUPPORT_X_Y_H_"),
]


def check_files(files):
    with tempfile.TemporaryDirectory() as scratch:
        root = pathlib.Path(scratch)
        for path, text in files.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(text, encoding="utf-8")
        return check_tree(root, files)


def self_test():
    failures = [f"complained about a good file: {complaint}" for complaint in check_files(GOOD)]
    for path, text, expected in BAD:
        found = check_files({**GOOD, path: text})
        if len(found) != 1 or not found[0].startswith(path + ":") or expected not in found[0]:
            failures.append(f"planted in {path}: {expected!r}; found: {found}")
    for failure in failures:
        print(failure, file=sys.stderr)
    print(f"{len(BAD)} planted violations, {len(failures)} mistakes")
    return 1 if failures else 0


def main(arguments):
    if arguments == ["--self-test"]:
        return self_test()
    if len(arguments) > 1 or (arguments and arguments[0].startswith("-")):
        print(__doc__, file=sys.stderr)
        return 2
    root = pathlib.Path(arguments[0] if arguments else pathlib.Path(__file__).parents[2]).resolve()
    paths = tracked_files(root)
    found = check_tree(root, paths)
    for complaint in found:
        print(complaint)
    print(f"{len(paths)} files, {len(found)} complaints")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
