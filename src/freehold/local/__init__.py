"""The edge to the local folder: secrets, env files, plan files, the declaration and its migrations on disk."""
