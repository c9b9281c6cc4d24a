"""tests/drills/faults.py FILE [DRILL…]: hurts the executable from outside, and looks whether it kept what it promised.

Started by hand; needs Python 3, for some drills root (tmpfs, cgroups), strace and faketime. Without numbers of drills
all of them run, for some minutes. Prints a line for each (`ok`, `FAILED`, `in CI` with the test
that does it at every change, `not possible here` with the reason), and
at the end a table in Markdown; exit code 1 when one fails. ROUNDS=N sets how often is killed; OLD=FILE is an older
executable, for the drill of the migration. The drills are in kills.py, disks.py, damages.py and loads.py, what they share in harness.py.
"""

import os
import subprocess
import sys
import time
import traceback

import damages  # noqa: F401 pylint: disable=unused-import
import disks  # noqa: F401 pylint: disable=unused-import
import kills  # noqa: F401 pylint: disable=unused-import
import loads  # noqa: F401 pylint: disable=unused-import
from harness import DRILLS, Elsewhere, Fault, NotPossible, Service


def main(program, wanted):
    version = subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout.strip()
    print(f"{version}, {os.path.getsize(program) >> 20} MB", flush=True)
    rows = []
    for number, (name, function) in sorted(DRILLS.items()):
        if wanted and str(number) not in wanted:
            continue
        began = time.monotonic()
        try:
            verdict, seen = "ok", function(program)
        except NotPossible as reason:
            verdict, seen = "not possible here", str(reason)
        except Elsewhere as test:
            verdict, seen = "in CI", str(test)
        except Fault as fault:
            verdict, seen = "FAILED", str(fault)
        except Exception as error:  # pylint: disable=broad-except
            # A drill that breaks has shown nothing.
            traceback.print_exc()
            verdict, seen = "FAILED", f"the drill itself broke: {error!r}"
        while Service.started_ones:
            Service.started_ones.pop().close()
        rows.append((number, name, verdict, seen))
        print(f"{number:2} {name}: {verdict}: {seen} [{time.monotonic() - began:.0f} s]", flush=True)
    print("\n| # | drill | outcome | seen |\n|---|---|---|---|")
    for row in rows:
        print("| {} | {} | {} | {} |".format(*(str(part).replace("|", "/").replace("\n", " ") for part in row)))
    count = {
        verdict: sum(1 for row in rows if row[2] == verdict)
        for verdict in ("ok", "FAILED", "in CI", "not possible here")
    }
    print("\n" + ", ".join(f"{number} {verdict}" for verdict, number in count.items()))
    return 1 if count["FAILED"] else 0


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    sys.exit(main(os.path.abspath(sys.argv[1]), set(sys.argv[2:])))
