"""What a window is and what it read, in plain numbers; needs only the standard library."""
