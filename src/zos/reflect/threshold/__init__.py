"""The threshold trigger: insights are counted where they are stored, and each full count opens one run."""
