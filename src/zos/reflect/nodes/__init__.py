"""The node types, a file each. None imports another; what they share stands beside this folder."""
