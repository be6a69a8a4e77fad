"""Modules of others that speak DEEPaaS, each in an environment and a process of its own."""
