"""The providers, one file each; `contract.py` is what the rest may know of them, `catalogue.py` the list."""
