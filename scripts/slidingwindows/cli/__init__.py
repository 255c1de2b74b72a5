"""The command line: the arguments of every command, and what the commands do."""
