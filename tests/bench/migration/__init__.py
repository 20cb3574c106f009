"""A migration beside the tools that people use, and beside the floor that the target's server sets.

`data` makes databases of any size; `servers` runs the two servers; `contestants` are the
tools, `floor` is the target alone; `spending` measures what one run takes of each process;
`proxy` puts a way of 20 ms between; `rounds` interleaves them and `table` says what came out.
"""
