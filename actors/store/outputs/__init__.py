"""Whole outputs beside the log, on disk and in memory: two `OutputStore`s that one contract suite holds to the same promises."""
