"""Objects of core to frames of palette numbers."""
