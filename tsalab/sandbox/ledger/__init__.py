"""The sandbox's own ledger: what happened is written outside every kernel, and sealed when asked for.

`keeper` holds the chain and the key, `rows` and `looks` write down what is really there,
`sealing` lets the course's checks judge it, and `desk` takes orders. What happens in between
is told by the machines and the control plane themselves (`tsalab.sandbox.news`).
"""
