"""Around every call of a connector: how many, how fast, how long, how often, and not when it is of no use."""
