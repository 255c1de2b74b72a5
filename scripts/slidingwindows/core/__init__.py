"""What a window is and what it read, in plain numbers; needs the standard library alone."""
