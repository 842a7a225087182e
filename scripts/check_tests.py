#!/usr/bin/env python3
"""Finds dead tests: disabled, empty, skipped without a printed reason, and sources without a test.

usage: check_tests.py [ROOT]   Exit status: 0 clean, 1 something was reported.
A source FOLDER/x.cc has its test in tests/FOLDER/x_test.cc; files whose behaviour shows only
through another one are listed in TESTED_THROUGH with that test.
"""
import pathlib
import re
import subprocess
import sys

root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ".")
TESTED_THROUGH = {}
table = root / "scripts" / "tested_through.txt"
if table.exists():
    for line in table.read_text().splitlines():
        line = line.split("#")[0].strip()
        if line:
            source, test = line.split()
            TESTED_THROUGH[source] = test

files = subprocess.run(["git", "ls-files", "--cached", "--others", "--exclude-standard"], cwd=root,
                       capture_output=True, text=True, check=True).stdout.split()
messages = []
DEAD = re.compile(r"DISABLED_|#if 0|GTEST_SKIP\(\)\s*;|assert\(true\)|EXPECT_TRUE\(true\)|//\s*TODO")
for name in files:
    if not name.endswith((".cc", ".h", ".cu")) or not (root / name).exists():
        continue
    text = (root / name).read_text(encoding="utf-8", errors="replace")
    for number, line in enumerate(text.splitlines(), 1):
        if DEAD.search(line):
            messages.append(f"{name}:{number}: dead or empty place: {line.strip()}")
    # Commands are tested as a user runs them: tests/integration; cli/config has tables of cases.
    if name.startswith(("tests/", "cli/")) or not name.endswith(".cc"):
        continue
    test = f"tests/{name[:-3]}_test.cc"
    through = TESTED_THROUGH.get(name)
    if not (root / test).exists() and not (through and (root / through).exists()):
        messages.append(f"{name}: no test at {test}")
for source, test in TESTED_THROUGH.items():
    if not (root / source).exists():
        messages.append(f"scripts/tested_through.txt: no such source: {source}")
    elif not (root / test).exists():
        messages.append(f"scripts/tested_through.txt: no such test: {test}")
print("\n".join(messages + [f"check_tests: {len(messages)} reported"]))
sys.exit(1 if messages else 0)
