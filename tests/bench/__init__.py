"""Measuring: the service beside what is written by hand, in one run, whose table `docs/performance.md` has."""
