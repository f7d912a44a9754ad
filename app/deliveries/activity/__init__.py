"""Deliveries that tell of the team's log: each is made by what one change recorded, for one integration."""
