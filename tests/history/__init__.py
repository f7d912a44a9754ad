"""Clients write down what they asked and were told while servers suffer; laws then say what in that must not be.

`ordeal` has it happen, in a `cluster`, with `clients`, `subscribers` and a `nemesis`; `records` is what they write down, `kept`
what there is in the end; `laws` lists the laws. `simulation` and `damages` try the laws, `builds` breaks the service for them.
"""
