"""The connectors that come with `eventsourced-syncengine`.

Closed to others: a connector of your own lives in a package of its own and registers itself under the entry-point group
`syncengine.connectors`.
"""
