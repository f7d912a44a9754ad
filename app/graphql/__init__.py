"""What every capability's schema stands on."""
