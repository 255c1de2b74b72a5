"""Every sentence about an object of core."""
