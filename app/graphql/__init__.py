"""The parts that every capability's schema uses."""
