"""What one types: the arguments of every command, and what the commands do."""
