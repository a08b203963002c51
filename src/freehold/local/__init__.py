"""The edge towards this machine: files beside the declaration, its secrets, its clock and its shell."""
