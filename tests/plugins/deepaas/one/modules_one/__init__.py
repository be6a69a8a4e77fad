"""Modules as a package of DEEPaaS has them: one of each kind, and one that makes trouble."""
