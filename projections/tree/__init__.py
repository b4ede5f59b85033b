"""The Merkle tree of the log, its file, its key and its checks."""
