"""Whole outputs beside the log, on disk and in memory.

One contract suite holds both `OutputStore`s to the same promises.
"""
