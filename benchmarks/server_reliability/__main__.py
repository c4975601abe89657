"""A server that is fuzzed, left, misused and ended: what it answers, what it counts, what it leaves behind.

Every scene starts ``flaneur serve`` anew, with a small drawn model, in a process whose files written and connections
made are noted, those of its children too. ``--scenes`` names some of: fuzz, ledger, disconnects,
connections, bodies, malformed, places, hostile, addresses, drain.
"""

from __future__ import annotations

import json
import sys

from benchmarks.measure import parser, report
from benchmarks.server_reliability.addresses import addresses
from benchmarks.server_reliability.bodies import bodies
from benchmarks.server_reliability.connections import connections
from benchmarks.server_reliability.disconnects import disconnects
from benchmarks.server_reliability.drain import drain
from benchmarks.server_reliability.fuzz import fuzz
from benchmarks.server_reliability.hostile import hostile
from benchmarks.server_reliability.ledger import ledger
from benchmarks.server_reliability.malformed import malformed
from benchmarks.server_reliability.places import places

_ALL = (fuzz, ledger, disconnects, connections, bodies, malformed, places, hostile, addresses, drain)
SCENES = {scene.__name__: scene for scene in _ALL}


def main() -> None:
    options = parser(__doc__)
    options.add_argument("--scenes", nargs="+", choices=SCENES, default=list(SCENES))
    options.add_argument("--examples", type=int, default=1000, help="of the fuzz, an address (1000)")
    options.add_argument("--seconds", type=int, default=600, help="the fuzz may take (600)")
    options.add_argument("--seed", type=int, default=1, help="of the fuzz and the malformed (1)")
    options.add_argument("--requests", type=int, default=10_000, help="of the ledger (10000)")
    options.add_argument("--files", type=int, default=10_000, help="of the malformed (10000)")
    options.add_argument("--drains", type=int, default=10, help="servers ended under load (10)")
    chosen = options.parse_args()
    figures, claims = {}, []
    for name in chosen.scenes:
        figures[name], more = SCENES[name](chosen)
        claims += more
        print(json.dumps({name: figures[name]})[:600], file=sys.stderr)
    report("server_reliability", figures, claims, chosen.out)


if __name__ == "__main__":
    main()
