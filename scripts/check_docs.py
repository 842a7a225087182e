#!/usr/bin/env python3
"""Finds names in docs/architecture.md that the sources do not have.

usage: check_docs.py [ROOT]   Every `Name`, `Class::Function` and `folder/file.cc` in backticks must occur.
"""
import pathlib
import re
import subprocess
import sys

root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ".")
text = (root / "docs/architecture.md").read_text()
files = subprocess.run(["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.h", "*.cc"], cwd=root,
                       capture_output=True, text=True, check=True).stdout.split()
sources = "\n".join((root / f).read_text(errors="replace") for f in files if not f.startswith("tests/"))
missing = []
for name in sorted(set(re.findall(r"`([A-Za-z_/.:]+)`", text))):
    if "/" in name:
        found = (root / name).exists() or name.startswith(("spec/", "design.md", "export/"))
    elif re.fullmatch(r"[A-Z]\w*(::\w+)*|\w+::\w+", name):
        found = all(re.search(rf"\b{part}\b", sources) for part in name.split("::"))
    else:
        continue  # a key, a file of a run folder, a command
    if not found:
        missing.append(name)
print("\n".join([f"docs/architecture.md: not in the sources: {m}" for m in missing]
                + [f"check_docs: {len(missing)} missing"]))
sys.exit(1 if missing else 0)
