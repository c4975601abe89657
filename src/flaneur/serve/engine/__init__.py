"""Photos of many clients in; what models say of them and heat maps out, fairly, in bounded memory. No HTTP in it."""

from flaneur.serve.engine.engine import Engine as Engine
from flaneur.serve.engine.stats import Stats as Stats
from flaneur.serve.engine.ticket import Busy as Busy
from flaneur.serve.engine.ticket import Ticket as Ticket
