"""Runs: one execution of a layer each, and every fire that did not run, with its reason."""
