"""Asks torch, and returns objects of core; whatever else knows torch is here, too."""
