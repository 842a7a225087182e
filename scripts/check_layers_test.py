#!/usr/bin/env python3
"""Plants faults in a copy of a small tree and checks that check_layers.py reports each."""
import pathlib
import subprocess
import sys
import tempfile

SCRIPT = pathlib.Path(__file__).with_name("check_layers.py")
FAULTS = [  # file, include line, words of the report
    ("base/a.cc", '#include "store/b.h"', "only lower ranks"),
    ("store/a.cc", '#include "reward/b.h"', "only lower ranks"),
    ("model/a.cc", "#include <rocksdb/db.h>", "headers of RocksDB belong in store/"),
    ("actor/a.cc", '#include "learner/b.h"', "stay apart"),
    ("store/a.cc", '#include "tests/support/b.h"', "only tests include tests/"),
    ("store/a.cc", "#include <unheard/of.h>", "library without a row"),
    ("store/a.cc", '#include "../base/b.h"', "not written from the repository root"),
    ("extra/a.cc", "#include <vector>", "no row in RANKS"),
]


def report(files):
    with tempfile.TemporaryDirectory() as folder:
        for name, text in files.items():
            path = pathlib.Path(folder, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text + "\n")
        run = subprocess.run([sys.executable, SCRIPT, folder], capture_output=True, text=True)
        return run.returncode, run.stdout


failed = 0
code, out = report({"base/a.cc": '#include "base/b.h"', "store/a.cc": '#include "base/b.h"'})
if code != 0:
    failed += 1
    print(f"a clean tree was reported: {out}")
for name, line, words in FAULTS:
    code, out = report({"base/ok.cc": "", name: line})
    if code != 1 or words not in out:
        failed += 1
        print(f"not found: {name}: {line}: exit {code}: {out}")
print(f"check_layers_test: {len(FAULTS) + 1 - failed} passed, {failed} failed")
sys.exit(1 if failed else 0)
