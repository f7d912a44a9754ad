"""Connections from outside, bounded before anyone is known: in size, in time and in how much of a turn they take."""
