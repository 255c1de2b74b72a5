"""Asks torch and returns objects of core; everything else that knows torch is here as well."""
