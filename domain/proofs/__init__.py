"""The log as a transparency log: Merkle tree, tiles, signed notes, audit and export."""
