"""Prompts: sandboxed templates, what may be shown to a model, and the references that it may cite."""
