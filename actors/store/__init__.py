"""The log on disk and in memory: two `EventStore`s that one contract suite holds to the same promises."""
