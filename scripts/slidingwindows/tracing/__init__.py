"""Asks torch, and returns objects of core; what else knows torch is here, too."""
